#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/ops.h"

namespace matinee {

/// How a tensor of a case starts and what is asked of it afterwards.
enum class Role : std::uint8_t {
  kInput,   ///< must not change
  kOutput,  ///< starts as NaN, so that an element never written is seen
  kAdded,   ///< starts with known numbers: it is added to, or worked on in place
};

/// One tensor of float32 and, for an output, how far an element may be from the reference's `r`:
/// absolute + relative·|r|, with the reason.
struct CaseTensor {
  const char* name = "";
  std::int64_t size = 0;
  Role role = Role::kInput;
  float low = -1, high = 1;    ///< values are uniform between these
  bool representable = false;  ///< values are rounded to bfloat16, so that a product in it loses nothing
  double absolute = 0, relative = 0;
  const char* reason = "exact";
};

/// One call of one operation: the same description is tested against the reference and timed.
struct KernelCase {
  std::string name;  ///< prints itself: the operation and its arguments
  std::vector<CaseTensor> tensors;
  /// Computes inputs that come from a forward pass, in place of the random ones; may be empty.
  std::function<void(double* const* tensors)> prepare;
  std::function<void(Context& context, float* const* tensors)> run;
  std::function<void(double* const* tensors)> reference;  ///< empty in a case that is only timed
  double operations = 0;                                  ///< floating-point operations that must be done
  double bytes = 0;                                       ///< bytes that must move between memory and processor
};

std::vector<KernelCase> matmul_cases();
std::vector<KernelCase> lora_matmul_cases();
std::vector<KernelCase> rms_norm_cases();
std::vector<KernelCase> layer_norm_cases();
std::vector<KernelCase> rotary_cases();
std::vector<KernelCase> attention_cases();
std::vector<KernelCase> activation_cases();
std::vector<KernelCase> cross_entropy_cases();
std::vector<KernelCase> embedding_cases();
std::vector<KernelCase> adamw_cases();
std::vector<KernelCase> add_cases();
std::vector<KernelCase> cosine_topk_cases();
std::vector<KernelCase> quantize_cases();

/// Half a unit in the last place of float32, relative.
inline constexpr double kFloatRounding = 1.0 / (1 << 24);
/// The same of bfloat16.
inline constexpr double kBfloatRounding = 1.0 / (1 << 9);

inline WeightView weight_view(const float* data) { return {data, DType::kF32}; }
inline WeightView weight_view(const double* data) { return {data, DType::kF64}; }

/// A float32 tensor as bfloat16, for a case whose operation takes that. A case starts from the same values in every
/// run, so it may keep the copy: then the conversion is not timed.
inline std::vector<bf16> as_bf16(const float* data, std::int64_t size) {
  std::vector<bf16> result(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = to_bf16(data[i]);
  return result;
}

}  // namespace matinee
