#pragma once

#include <cstdint>

#include "kernels/weight_view.h"
#include "lib/base/dtype.h"

namespace matinee {

class Context;

/// How the factors of a product are taken. Sums are float32 always.
enum class MatmulPrecision : std::uint8_t {
  kF32,   ///< as they are; a bf16 or quantized weight is widened
  kBF16,  ///< both factors rounded to bfloat16; up to kGemvRows rows keep x in float32 (decoding is bound by memory),
          ///< and then quantized weights are taken as they are, with int8 codes x in 16-bit steps of its largest
          ///< magnitude among 512 neighbors; int8 codes are whole numbers that bfloat16 has
};

/// Up to so many rows of x weights are streamed as they lie, and x stays float32.
inline constexpr std::int64_t kGemvRows = 4;

/// y = x·Wᵀ (+ bias), or y += with `accumulate`. Operations take float; the reference of each takes the same struct of
/// double.
template <class T>
struct MatmulArgsOf {
  std::int64_t n_rows = 0, in = 0, out = 0;
  const T* x = nullptr;          ///< [n_rows, in]
  const bf16* x_bf16 = nullptr;  ///< what round_bf16() made of x, or none; see takes_rounded()
  WeightView weight = {};        ///< W [out, in]
  const T* bias = nullptr;       ///< [out], or none
  T* y = nullptr;                ///< [n_rows, out]
  bool accumulate = false;       ///< y is added to instead of overwritten
  MatmulPrecision precision = MatmulPrecision::kF32;
};
using MatmulArgs = MatmulArgsOf<float>;

/// grad_x = grad_y·W, or += with `accumulate`.
template <class T>
struct MatmulBackwardInputArgsOf {
  std::int64_t n_rows = 0, in = 0, out = 0;
  const T* grad_y = nullptr;  ///< [n_rows, out]
  WeightView weight = {};     ///< W [out, in]
  T* grad_x = nullptr;        ///< [n_rows, in]
  bool accumulate = false;
  MatmulPrecision precision = MatmulPrecision::kF32;
};
using MatmulBackwardInputArgs = MatmulBackwardInputArgsOf<float>;

/// grad_weight += grad_yᵀ·x and, where given, grad_bias += the column sums of grad_y.
template <class T>
struct MatmulBackwardWeightArgsOf {
  std::int64_t n_rows = 0, in = 0, out = 0;
  const T* grad_y = nullptr;     ///< [n_rows, out]
  const T* x = nullptr;          ///< [n_rows, in]
  const bf16* x_bf16 = nullptr;  ///< what round_bf16() made of x, or none; see takes_rounded()
  T* grad_weight = nullptr;      ///< [out, in], added to
  T* grad_bias = nullptr;        ///< [out], added to; or none
  MatmulPrecision precision = MatmulPrecision::kF32;
};
using MatmulBackwardWeightArgs = MatmulBackwardWeightArgsOf<float>;

/// The three products of a linear layer on rows of tokens. Outputs may alias no input. Throws Error(kInternal) where a
/// size is negative or a pointer missing, or a weight is of another dtype than WeightView allows. The same bytes at
/// any number of threads: blocks and the order of sums depend on the sizes only.
/// Cost: 2·n_rows·in·out operations each.
void matmul_forward(Context& context, const MatmulArgs& args);
void matmul_backward_input(Context& context, const MatmulBackwardInputArgs& args);
void matmul_backward_weight(Context& context, const MatmulBackwardWeightArgs& args);

/// Whether products of so many rows would round x to bfloat16 by themselves: then several that share an x are spared
/// that where it is rounded once before, and give the same bytes. Where not, they read x itself.
bool takes_rounded(const Context& context, MatmulPrecision precision, std::int64_t n_rows);

}  // namespace matinee
