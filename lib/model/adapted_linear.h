#pragma once

#include <cstdint>
#include <span>

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
  float* xa = nullptr;           ///< [n_rows, rank], written by forward, read by backward; none without an adapter
  float* unscaled = nullptr;     ///< [n_rows, out], likewise, with a magnitude: W·drop(x) + scaling·B·A·drop(x)
  const float* norms = nullptr;  ///< [out], with a magnitude: what adapted_row_norms found, read by both
  MatmulPrecision precision = MatmulPrecision::kF32;

  bool is_scaled() const { return lora != nullptr && lora->magnitude != nullptr; }
};

struct LinearOutput {
  AdaptedLinear layer;
  float* y = nullptr;  ///< [n_rows, out]
};
struct LinearOutputGradient {
  AdaptedLinear layer;
  const float* grad_y = nullptr;  ///< [n_rows, out]
};

/// Each y = or += its layer applied to x [n_rows, in]. The layers, 1 to kMaxLoraParts of equal n_rows, in and product,
/// share what there is to do with x: it is rounded once for all products, and read once for all adapters.
void linear_forward(Context& context, std::span<const LinearOutput> outputs, const float* x, bool accumulate);
/// Adds to every gradient that is wanted; grad_x [n_rows, in] (null: not wanted), of all layers together, is
/// overwritten or added to.
void linear_backward(Context& context, std::span<const LinearOutputGradient> outputs, const float* x, float* grad_x,
                     bool accumulate);

/// The length of each row of W + scaling·B·A: W [out, in], A [rank, in], B [out, rank]; `norms` [out], overwritten.
void adapted_row_norms(Context& context, std::int64_t out, std::int64_t in, const WeightView& weight,
                       const LoraSlot& lora, float* norms);

}  // namespace matinee
