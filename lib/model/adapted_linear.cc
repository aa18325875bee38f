#include "lib/model/adapted_linear.h"

#include <vector>

#include "kernels/ops.h"

namespace matinee {
namespace {

float* take(Context& context, std::int64_t elements) {
  return context.scratch().take_array<float>(static_cast<std::size_t>(elements));
}

// x in bfloat16, if at least two products would otherwise each round it; else null.
const bf16* rounded(Context& context, const AdaptedLinear& layer, const float* x, std::int64_t readers) {
  if (readers < 2 || !takes_rounded(context, layer.precision, layer.n_rows)) return nullptr;
  auto* y = context.scratch().take_array<bf16>(static_cast<std::size_t>(layer.n_rows * bf16_stride(layer.in)));
  round_bf16(context, {.n_rows = layer.n_rows, .width = layer.in, .x = x, .y = y});
  return y;
}

LoraPart lora_part(const AdaptedLinear& layer, float* y) {
  return {.out = layer.out,
          .rank = layer.lora->rank,
          .lora_A = layer.lora->lora_A,
          .lora_B = layer.lora->lora_B,
          .scaling = layer.lora->scaling,
          .dropout = layer.dropout,
          .xa = layer.xa,
          .y = y};
}

LoraBackwardPart lora_backward_part(const AdaptedLinear& layer, const float* grad_y) {
  return {.out = layer.out,
          .rank = layer.lora->rank,
          .grad_y = grad_y,
          .xa = layer.xa,
          .lora_A = layer.lora->lora_A,
          .lora_B = layer.lora->lora_B,
          .scaling = layer.lora->scaling,
          .dropout = layer.dropout,
          .grad_A = layer.lora->grad_A,
          .grad_B = layer.lora->grad_B};
}

// The products of adapters that share x.
void lora_forward(Context& context, const AdaptedLinear& any, const float* x, const bf16* x_bf16,
                  std::span<const LoraPart> parts) {
  if (parts.empty()) return;
  lora_matmul_forward(
      context,
      {.n_rows = any.n_rows, .in = any.in, .x = x, .x_bf16 = x_bf16, .parts = parts, .precision = any.precision});
}
void lora_backward(Context& context, const AdaptedLinear& any, const float* x, float* grad_x,
                   std::span<const LoraBackwardPart> parts) {
  if (parts.empty()) return;
  lora_matmul_backward(
      context,
      {.n_rows = any.n_rows, .in = any.in, .x = x, .parts = parts, .grad_x = grad_x, .precision = any.precision});
}

// y = or += W·x, plus b unless it is null.
void weight_forward(Context& context, const AdaptedLinear& layer, const float* x, const bf16* x_bf16, const float* bias,
                    float* y, bool accumulate) {
  matmul_forward(context, {.n_rows = layer.n_rows,
                           .in = layer.in,
                           .out = layer.out,
                           .x = x,
                           .x_bf16 = x_bf16,
                           .weight = layer.weight->view,
                           .bias = bias,
                           .y = y,
                           .accumulate = accumulate,
                           .precision = layer.precision});
}

// grad_x = or += Wᵀ·grad_y.
void weight_backward(Context& context, const AdaptedLinear& layer, const float* grad_y, float* grad_x,
                     bool accumulate) {
  matmul_backward_input(context, {.n_rows = layer.n_rows,
                                  .in = layer.in,
                                  .out = layer.out,
                                  .grad_y = grad_y,
                                  .weight = layer.weight->view,
                                  .grad_x = grad_x,
                                  .accumulate = accumulate,
                                  .precision = layer.precision});
}

// With z = W·drop(x) + scaling·B·A·drop(x): y (+)= W·(x - drop(x)) + b + s∘z.
void forward_scaled(Context& context, const AdaptedLinear& layer, const float* x, float* y, bool accumulate) {
  const ScratchScope scope(context.scratch());
  const bool drops = layer.dropout.drop_probability > 0;
  const float* kept = x;
  if (drops) {
    float* dropped = take(context, layer.n_rows * layer.in);
    float* rest = take(context, layer.n_rows * layer.in);
    dropout_rows(
        context,
        {.n_rows = layer.n_rows, .width = layer.in, .dropout = layer.dropout, .x = x, .y = dropped, .rest = rest});
    kept = dropped;
    weight_forward(context, layer, rest, nullptr, nullptr, y, accumulate);
  }
  weight_forward(context, layer, kept, nullptr, nullptr, layer.unscaled, false);
  const LoraPart part = lora_part(layer, layer.unscaled);
  lora_forward(context, layer, x, nullptr, {&part, 1});
  dora_scale(context, {.n_rows = layer.n_rows,
                       .out = layer.out,
                       .z = layer.unscaled,
                       .magnitude = layer.lora->magnitude,
                       .norms = layer.norms,
                       .bias = layer.weight->bias,
                       .y = y,
                       .accumulate = accumulate || drops});
}

// grad_z = s∘grad_y;  grad_m += Σ grad_y∘z / norm;  grad_x += drop'(Wᵀ·(grad_z - grad_y)) + the factors' gradient.
// Without dropout the caller has not added Wᵀ·grad_y to grad_x, so this adds Wᵀ·grad_z.
void backward_scaled(Context& context, const AdaptedLinear& layer, const float* grad_y, const float* x, float* grad_x) {
  const ScratchScope scope(context.scratch());
  const bool drops = layer.dropout.drop_probability > 0;
  float* grad_z = take(context, layer.n_rows * layer.out);
  float* through = drops ? take(context, layer.n_rows * layer.out) : nullptr;
  dora_backward(context, {.n_rows = layer.n_rows,
                          .out = layer.out,
                          .grad_y = grad_y,
                          .z = layer.unscaled,
                          .magnitude = layer.lora->magnitude,
                          .norms = layer.norms,
                          .grad_z = grad_z,
                          .through = through,
                          .grad_magnitude = layer.lora->grad_magnitude});
  if (grad_x != nullptr) {
    float* to = drops ? take(context, layer.n_rows * layer.in) : grad_x;
    weight_backward(context, layer, drops ? through : grad_z, to, !drops);
    if (drops) {
      dropout_rows(context, {.n_rows = layer.n_rows,
                             .width = layer.in,
                             .dropout = layer.dropout,
                             .x = to,
                             .y = grad_x,
                             .accumulate = true});
    }
  }
  const LoraBackwardPart part = lora_backward_part(layer, grad_z);
  lora_backward(context, layer, x, grad_x, {&part, 1});
}

}  // namespace

void adapted_row_norms(Context& context, std::int64_t out, std::int64_t in, const WeightView& weight,
                       const LoraFactors& lora, float* norms) {
  dora_norms(context, {.out = out,
                       .in = in,
                       .rank = lora.rank,
                       .weight = weight,
                       .lora_A = lora.lora_A,
                       .lora_B = lora.lora_B,
                       .scaling = lora.scaling,
                       .norms = norms});
}

void linear_forward(Context& context, std::span<const LinearOutput> outputs, const float* x, bool accumulate) {
  const ScratchScope scope(context.scratch());
  std::vector<LoraPart> parts;
  std::int64_t products = 0;
  for (const auto& [layer, y] : outputs) {
    if (layer.is_scaled()) continue;
    if (layer.lora != nullptr) parts.push_back(lora_part(layer, y));
    ++products;
  }
  const AdaptedLinear& any = outputs.front().layer;
  const bf16* x_bf16 = rounded(context, any, x, products + (parts.empty() ? 0 : 1));
  for (const auto& [layer, y] : outputs) {
    if (layer.is_scaled()) {
      forward_scaled(context, layer, x, y, accumulate);
    } else {
      weight_forward(context, layer, x, x_bf16, layer.weight->bias, y, accumulate);
    }
  }
  lora_forward(context, any, x, x_bf16, parts);
}

void linear_backward(Context& context, std::span<const LinearOutputGradient> outputs, const float* x, float* grad_x,
                     bool accumulate) {
  const ScratchScope scope(context.scratch());
  const AdaptedLinear& any = outputs.front().layer;
  std::vector<LoraBackwardPart> parts;
  std::int64_t trained = 0;
  for (const auto& [layer, grad_y] : outputs) {
    if (layer.lora != nullptr && !layer.is_scaled()) parts.push_back(lora_backward_part(layer, grad_y));
    trained += layer.weight->grad != nullptr;
    // Without dropout, backward_scaled() computes the whole gradient of a DoRA layer.
    if (grad_x == nullptr || (layer.is_scaled() && layer.dropout.drop_probability == 0)) continue;
    weight_backward(context, layer, grad_y, grad_x, accumulate);
    accumulate = true;
  }
  if (grad_x != nullptr && !accumulate)
    context.allocator()->zero(grad_x, static_cast<std::size_t>(any.n_rows * any.in) * sizeof(float));
  const bf16* x_bf16 = rounded(context, any, x, trained);
  for (const auto& [layer, grad_y] : outputs) {
    if (layer.weight->grad != nullptr || layer.weight->grad_bias != nullptr) {
      // in = 0: the gradient of the bias alone.
      matmul_backward_weight(context, {.n_rows = layer.n_rows,
                                       .in = layer.weight->grad != nullptr ? layer.in : 0,
                                       .out = layer.out,
                                       .grad_y = grad_y,
                                       .x = x,
                                       .x_bf16 = x_bf16,
                                       .grad_weight = layer.weight->grad,
                                       .grad_bias = layer.weight->grad_bias,
                                       .precision = layer.precision});
    }
    if (layer.is_scaled()) backward_scaled(context, layer, grad_y, x, grad_x);
  }
  lora_backward(context, any, x, grad_x, parts);
}

}  // namespace matinee
