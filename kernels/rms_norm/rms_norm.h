#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// y = x · rstd · (weight + weight_offset), rstd = 1 / sqrt(mean(x²) + eps), for each row.
struct RmsNormArgs {
  std::int64_t n_rows = 0, width = 0;
  const float* x = nullptr;       ///< [n_rows, width]
  const float* weight = nullptr;  ///< [width]
  float weight_offset = 0;        ///< 1 in families that store weight - 1 (Gemma)
  float eps = 1e-5f;
  float* y = nullptr;     ///< [n_rows, width], overwritten; may be x itself when nothing is kept for a backward pass
  float* rstd = nullptr;  ///< [n_rows], overwritten; none where no backward pass follows
};

/// grad_x = or += the gradient; grad_weight += where given.
struct RmsNormBackwardArgs {
  std::int64_t n_rows = 0, width = 0;
  const float* grad_y = nullptr;  ///< [n_rows, width]
  const float* x = nullptr;       ///< [n_rows, width]
  const float* weight = nullptr;  ///< [width]
  float weight_offset = 0;
  const float* rstd = nullptr;   ///< [n_rows], from the forward pass
  float* grad_x = nullptr;       ///< [n_rows, width]; may be grad_y itself when not accumulating
  bool accumulate = false;       ///< grad_x is added to (the residual stream)
  float* grad_weight = nullptr;  ///< [width], added to; none when frozen
};

/// Rows may also be heads: q/k norms pass n_rows = tokens·heads, width = head_dim. Throws Error(kInternal) for negative
/// sizes or missing pointers. Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", arXiv:1910.07467.
void rms_norm_forward(Context& context, const RmsNormArgs& args);
void rms_norm_backward(Context& context, const RmsNormBackwardArgs& args);

}  // namespace matinee
