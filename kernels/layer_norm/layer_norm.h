#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// y = (x - mean) · rstd · weight + bias, rstd = 1 / sqrt(variance + eps), for each row.
template <class T>
struct LayerNormArgsOf {
  std::int64_t n_rows = 0, width = 0;
  const T* x = nullptr;       ///< [n_rows, width]
  const T* weight = nullptr;  ///< [width]
  const T* bias = nullptr;    ///< [width], or none
  float eps = 1e-5f;
  T* y = nullptr;     ///< [n_rows, width], overwritten; may be x if no backward pass follows
  T* mean = nullptr;  ///< [n_rows], overwritten; or none if no backward pass follows
  T* rstd = nullptr;  ///< [n_rows], overwritten; or none if no backward pass follows
};
using LayerNormArgs = LayerNormArgsOf<float>;

/// grad_x = or += the gradient; grad_weight and grad_bias += theirs if given.
template <class T>
struct LayerNormBackwardArgsOf {
  std::int64_t n_rows = 0, width = 0;
  const T* grad_y = nullptr;  ///< [n_rows, width]
  const T* x = nullptr;       ///< [n_rows, width]
  const T* weight = nullptr;  ///< [width]
  const T* mean = nullptr;    ///< [n_rows], from the forward pass
  const T* rstd = nullptr;    ///< [n_rows], from the forward pass
  T* grad_x = nullptr;        ///< [n_rows, width]; may be grad_y unless accumulating
  bool accumulate = false;    ///< grad_x is added to (the residual stream)
  T* grad_weight = nullptr;   ///< [width], added to; or none
  T* grad_bias = nullptr;     ///< [width], added to; or none
};
using LayerNormBackwardArgs = LayerNormBackwardArgsOf<float>;

/// Throws Error(kInternal) for negative sizes or missing pointers. Ba, Kiros and Hinton 2016, "Layer Normalization",
/// arXiv:1607.06450.
void layer_norm_forward(Context& context, const LayerNormArgs& args);
void layer_norm_backward(Context& context, const LayerNormBackwardArgs& args);

}  // namespace matinee
