#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// y = x · rstd · weight, rstd = 1 / sqrt(mean(x²) + eps), for each row.
template <class T>
struct RmsNormArgsOf {
  std::int64_t n_rows = 0, width = 0;
  const T* x = nullptr;       ///< [n_rows, width]
  const T* weight = nullptr;  ///< [width]
  float eps = 1e-5f;
  T* y = nullptr;     ///< [n_rows, width], overwritten; may be x if no backward pass follows
  T* rstd = nullptr;  ///< [n_rows], overwritten; or none if no backward pass follows
};
using RmsNormArgs = RmsNormArgsOf<float>;

/// grad_x = or += the gradient; grad_weight += its gradient if given.
template <class T>
struct RmsNormBackwardArgsOf {
  std::int64_t n_rows = 0, width = 0;
  const T* grad_y = nullptr;  ///< [n_rows, width]
  const T* x = nullptr;       ///< [n_rows, width]
  const T* weight = nullptr;  ///< [width]
  const T* rstd = nullptr;    ///< [n_rows], from the forward pass
  T* grad_x = nullptr;        ///< [n_rows, width]; may be grad_y unless accumulating
  bool accumulate = false;    ///< grad_x is added to (the residual stream)
  T* grad_weight = nullptr;   ///< [width], added to; or none
};
using RmsNormBackwardArgs = RmsNormBackwardArgsOf<float>;

/// Rows may also be heads: q/k norms pass n_rows = tokens·heads, width = head_dim. Throws Error(kInternal) for negative
/// sizes or missing pointers. Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", arXiv:1910.07467.
void rms_norm_forward(Context& context, const RmsNormArgs& args);
void rms_norm_backward(Context& context, const RmsNormBackwardArgs& args);

}  // namespace matinee
