#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// y = (x - mean) · rstd · weight + bias, rstd = 1 / sqrt(variance + eps), for each row.
struct LayerNormArgs {
  std::int64_t n_rows = 0, width = 0;
  const float* x = nullptr;       ///< [n_rows, width]
  const float* weight = nullptr;  ///< [width]
  const float* bias = nullptr;    ///< [width], or none
  float eps = 1e-5f;
  float* y = nullptr;     ///< [n_rows, width], overwritten; may be x itself when nothing is kept for a backward pass
  float* mean = nullptr;  ///< [n_rows], overwritten; none where no backward pass follows
  float* rstd = nullptr;  ///< [n_rows], likewise
};

/// grad_x = or += the gradient; grad_weight and grad_bias += where given.
struct LayerNormBackwardArgs {
  std::int64_t n_rows = 0, width = 0;
  const float* grad_y = nullptr;  ///< [n_rows, width]
  const float* x = nullptr;       ///< [n_rows, width]
  const float* weight = nullptr;  ///< [width]
  const float* mean = nullptr;    ///< [n_rows], from the forward pass
  const float* rstd = nullptr;    ///< [n_rows], from the forward pass
  float* grad_x = nullptr;        ///< [n_rows, width]; may be grad_y itself when not accumulating
  bool accumulate = false;        ///< grad_x is added to (the residual stream)
  float* grad_weight = nullptr;   ///< [width], added to; none when frozen
  float* grad_bias = nullptr;     ///< [width], added to; none when frozen
};

/// Throws Error(kInternal) for negative sizes or missing pointers. Ba, Kiros and Hinton 2016, "Layer Normalization",
/// arXiv:1607.06450.
void layer_norm_forward(Context& context, const LayerNormArgs& args);
void layer_norm_backward(Context& context, const LayerNormBackwardArgs& args);

}  // namespace matinee
