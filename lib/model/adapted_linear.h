#pragma once

#include <cstdint>
#include <span>

#include "kernels/context.h"
#include "kernels/lora_matmul/lora_matmul.h"
#include "lib/model/lora_weights.h"
#include "lib/model/model_weights.h"

namespace matinee {

/// One linear layer applied to rows of tokens, with its adapter:
///   y = W·x + b + scaling·B·A·drop(x),  or with a DoRA magnitude m
///   y = W·x + b + (s - 1)∘W·drop(x) + s∘scaling·B·A·drop(x),  s = m / ‖W + scaling·B·A‖ of each row of W,
/// where the norm is treated as a constant (Liu et al. 2024, arXiv:2402.09353, section 4.3; dropout as in PEFT).
/// Owns nothing; all arrays are in device memory.
struct AdaptedLinear {
  std::int64_t n_rows = 0, in = 0, out = 0;
  const WeightRef* weight = nullptr;
  const LoraFactors* lora = nullptr;  ///< null: no adapter
  LoraDropout dropout = {};
  float* xa = nullptr;           ///< [n_rows, rank], written by forward, read by backward; null without an adapter
  float* unscaled = nullptr;     ///< [n_rows, out], the same, with a magnitude: W·drop(x) + scaling·B·A·drop(x)
  const float* norms = nullptr;  ///< [out], with a magnitude: from adapted_row_norms, read by both
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

/// For each layer, y = or += layer(x), x [n_rows, in]. There are 1 to kMaxLoraParts layers with the same n_rows, in and
/// precision. x is rounded once for all products, and read once for all adapters.
void linear_forward(Context& context, std::span<const LinearOutput> outputs, const float* x, bool accumulate);
/// Adds the gradients of weights, biases and factors to those that the refs have. grad_x [n_rows, in] = or += the
/// gradient of x through all layers; null: not computed.
void linear_backward(Context& context, std::span<const LinearOutputGradient> outputs, const float* x, float* grad_x,
                     bool accumulate);

/// norms [out] = the Euclidean norm of each row of W + scaling·B·A: W [out, in], A [rank, in], B [out, rank].
void adapted_row_norms(Context& context, std::int64_t out, std::int64_t in, const WeightView& weight,
                       const LoraFactors& lora, float* norms);

}  // namespace matinee
