#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/context.h"
#include "kernels/device_buffer.h"
#include "kernels/ops.h"

namespace matinee {

/// How a tensor of a case starts and how it is checked afterward.
enum class Role : std::uint8_t {
  kInput,   ///< must not change
  kOutput,  ///< starts as NaN, so that an unwritten element is found
  kAdded,   ///< starts with known numbers, which are added to or updated in place
};

/// One tensor of float32 and, for an output, the tolerance of an element against the reference's `r`:
/// absolute + relative·|r|, with its reason.
struct CaseTensor {
  const char* name = "";
  std::int64_t size = 0;
  Role role = Role::kInput;
  float low = -1, high = 1;    ///< values are uniform between these
  bool representable = false;  ///< values are bfloat16 numbers, so that products in bfloat16 are exact
  double absolute = 0, relative = 0;
  const char* reason = "exact";
};

/// One call of one operation, which the tests compare with the reference and the benchmark times.
struct KernelCase {
  std::string name;  ///< the operation and its arguments
  std::vector<CaseTensor> tensors;
  /// Replaces random inputs by those that a forward pass computes; may be empty.
  std::function<void(double* const* tensors)> prepare = {};
  /// The tensors are in the context's memory; the case uploads the other arrays itself.
  std::function<void(Context& context, float* const* tensors)> run;
  std::function<void(double* const* tensors)> reference;  ///< empty in a case that is only timed
  double operations = 0;                                  ///< floating-point operations required
  double bytes = 0;                                       ///< bytes required to move between memory and processor
};

/// Appends a case; one that is only timed loses its reference.
inline void add_case(std::vector<KernelCase>& cases, KernelCase c, bool timed_only) {
  if (timed_only) c.reference = {};
  cases.push_back(std::move(c));
}

#define MATINEE_DECLARE(name, n) std::vector<KernelCase> name##_cases();
MATINEE_CASES(MATINEE_DECLARE)
#undef MATINEE_DECLARE

/// Half a unit in the last place of float32, relative.
inline constexpr double kFloatRounding = 1.0 / (1 << 24);
/// The same for bfloat16.
inline constexpr double kBfloatRounding = 1.0 / (1 << 9);

inline WeightView weight_view(const float* data) { return {data, WeightFormat::kF32}; }
inline WeightView weight_view(const double* data) { return {data, WeightFormat::kF32}; }

/// An array that an operation takes besides the tensors: ids, positions, a filter. Copies share it. The upload is kept
/// until a context with another allocator uses it, so that uploads are not timed.
template <class T>
class CaseInput {
 public:
  CaseInput() : CaseInput(std::vector<T>()) {}
  explicit CaseInput(std::vector<T> values) : kept_(std::make_shared<Kept>()) { kept_->values = std::move(values); }

  /// For the reference.
  const T* host() const { return kept_->values.data(); }
  /// For an operation of the context.
  const T* in(const Context& context) const {
    if (kept_->allocator != context.allocator()) {
      kept_->view = DeviceView<T>(context.allocator(), kept_->values);
      kept_->allocator = context.allocator();
    }
    return kept_->view.data();
  }

 private:
  struct Kept {
    std::vector<T> values;
    std::shared_ptr<DeviceAllocator> allocator;
    DeviceView<T> view;
  };
  std::shared_ptr<Kept> kept_;
};

/// Downloads a tensor of the case.
inline std::vector<float> host_values(const Context& context, const float* data, std::int64_t size) {
  std::vector<float> values(static_cast<std::size_t>(size));
  context.allocator()->download(values.data(), data, values.size() * sizeof(float));
  return values;
}

/// A tensor of the case as bfloat16. A case has the same values in every run, so the copy is kept and the conversion is
/// not timed.
class Bf16Copy {
 public:
  WeightView view(const Context& context, const float* data, std::int64_t size) {
    if (values_ == nullptr) {
      std::vector<bf16> narrow;
      for (const float value : host_values(context, data, size)) narrow.push_back(to_bf16(value));
      values_ = std::make_unique<CaseInput<bf16>>(std::move(narrow));
    }
    return {values_->in(context), WeightFormat::kBF16};
  }

 private:
  std::unique_ptr<CaseInput<bf16>> values_;
};

/// Writes numbers of any type to a tensor of the case, where they are compared.
template <class Number, class T>
void write_numbers(DeviceAllocator& allocator, const std::vector<Number>& numbers, T* to) {
  const std::vector<T> values(numbers.begin(), numbers.end());
  allocator.upload(to, values.data(), values.size() * sizeof(T));
}

}  // namespace matinee
