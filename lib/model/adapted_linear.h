#pragma once

#include <cstdint>
#include <vector>

#include "kernels/context.h"
#include "kernels/lora_matmul/lora_matmul.h"
#include "lib/model/lora_slots.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// One linear layer on rows of tokens, with what an adapter adds to it:
///   y = W·x + b + scaling·B·A·drop(x),  or with a DoRA magnitude m
///   y = W·x + b + (s - 1)∘W·drop(x) + s∘scaling·B·A·drop(x),  s = m / ‖W + scaling·B·A‖ of each row of W,
/// where the norm counts as a constant (Liu et al. 2024, arXiv:2402.09353, section 4.3; dropout as PEFT applies it).
struct AdaptedLinear {
  std::int64_t n_rows = 0, in = 0, out = 0;
  const WeightSlot* weight = nullptr;
  const LoraSlot* lora = nullptr;  ///< null: none
  LoraDropout dropout = {};
  float* xa = nullptr;        ///< [n_rows, rank], written by forward, read by backward; none without an adapter
  float* unscaled = nullptr;  ///< [n_rows, out], likewise, with a magnitude: W·drop(x) + scaling·B·A·drop(x)
  float* norms = nullptr;     ///< [out], likewise: the norms of the rows
  Product product = Product::kF32;

  /// y [n_rows, out] = or += the layer applied to x [n_rows, in].
  void forward(Context& context, const float* x, float* y, bool accumulate) const;
  /// Adds to every gradient that is wanted; grad_x (null: not wanted) is overwritten or added to.
  void backward(Context& context, const float* grad_y, const float* x, float* grad_x, bool accumulate) const;

 private:
  void forward_scaled(Context& context, const float* x, float* y, bool accumulate) const;
  void backward_scaled(Context& context, const float* grad_y, const float* x, float* grad_x) const;
  LoraMatmulArgs lora_args(const float* x, float* y) const;
  void lora_backward(Context& context, const float* grad_y, const float* x, float* grad_x) const;
};

/// The length of each row of W + scaling·B·A: W [out, in], A [rank, in], B [out, rank]; `norms` [out], overwritten.
void adapted_row_norms(Context& context, std::int64_t out, std::int64_t in, const WeightView& weight,
                       const LoraSlot& lora, float* norms);

}  // namespace matinee
