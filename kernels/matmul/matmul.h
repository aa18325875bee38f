#pragma once

#include <cstdint>

#include "kernels/weight_view.h"
#include "lib/base/dtype.h"

namespace matinee {

class Context;

/// The precision of the factors of a product. Sums are always float32.
enum class MatmulPrecision : std::uint8_t {
  kF32,   ///< float32; a bf16 or quantized weight is widened
  kBF16,  ///< both factors are rounded to bfloat16, which represents int8 codes exactly. With few rows (direct_rows) x
          ///< stays float32 and quantized weights are used directly; for int8 codes x is rounded to 16 bits, relative
          ///< to the largest magnitude in each block of 512 elements
};

/// Up to this number of rows of x, weights are read once in their own format and x stays float32, on a GPU.
inline constexpr std::int64_t kGemvRows = 4;

/// y = x·Wᵀ (+ bias), or y += with `accumulate`. T is float for operations and double for references.
template <class T>
struct MatmulArgsOf {
  std::int64_t n_rows = 0, in = 0, out = 0;
  const T* x = nullptr;          ///< [n_rows, in]
  const bf16* x_bf16 = nullptr;  ///< x rounded by round_bf16(), or none; see takes_rounded()
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

/// grad_weight += grad_yᵀ·x, and grad_bias += the column sums of grad_y if given.
template <class T>
struct MatmulBackwardWeightArgsOf {
  std::int64_t n_rows = 0, in = 0, out = 0;
  const T* grad_y = nullptr;     ///< [n_rows, out]
  const T* x = nullptr;          ///< [n_rows, in]
  const bf16* x_bf16 = nullptr;  ///< x rounded by round_bf16(), or none; see takes_rounded()
  T* grad_weight = nullptr;      ///< [out, in], added to
  T* grad_bias = nullptr;        ///< [out], added to; or none
  MatmulPrecision precision = MatmulPrecision::kF32;
};
using MatmulBackwardWeightArgs = MatmulBackwardWeightArgsOf<float>;

/// The three products of a linear layer on rows of tokens. Outputs must not alias inputs. The number of threads does
/// not change the result: blocks and the order of sums depend on the sizes only. The CPU's scratch memory is a slab of
/// the weight, not the matrix. Throws Error(kInternal) for a negative size, a missing pointer or an invalid weight.
/// Cost: 2·n_rows·in·out operations each.
void matmul_forward(Context& context, const MatmulArgs& args);
void matmul_backward_input(Context& context, const MatmulBackwardInputArgs& args);
void matmul_backward_weight(Context& context, const MatmulBackwardWeightArgs& args);

/// Whether products of n_rows rows read x_bf16, if it is given, instead of rounding x themselves. Several products of
/// one x then share the rounding and give the same bytes. If false, they read x.
bool takes_rounded(const Context& context, MatmulPrecision precision, std::int64_t n_rows);

}  // namespace matinee
