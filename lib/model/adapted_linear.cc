#include "lib/model/adapted_linear.h"

#include "kernels/ops.h"

namespace matinee {
namespace {

float* take(Context& context, std::int64_t elements) {
  return context.scratch().take_array<float>(static_cast<std::size_t>(elements));
}

}  // namespace

void adapted_row_norms(Context& context, std::int64_t out, std::int64_t in, const WeightView& weight,
                       const LoraSlot& lora, float* norms) {
  dora_norms(context, {.out = out,
                       .in = in,
                       .rank = lora.rank,
                       .weight = weight,
                       .lora_A = lora.lora_A,
                       .lora_B = lora.lora_B,
                       .scaling = lora.scaling,
                       .norms = norms});
}

LoraMatmulArgs AdaptedLinear::lora_args(const float* x, float* y) const {
  return {.n_rows = n_rows,
          .in = in,
          .out = out,
          .rank = lora->rank,
          .x = x,
          .lora_A = lora->lora_A,
          .lora_B = lora->lora_B,
          .scaling = lora->scaling,
          .dropout = dropout,
          .xa = xa,
          .y = y,
          .product = product};
}

void AdaptedLinear::lora_backward(Context& context, const float* grad_y, const float* x, float* grad_x) const {
  lora_matmul_backward(context, {.n_rows = n_rows,
                                 .in = in,
                                 .out = out,
                                 .rank = lora->rank,
                                 .grad_y = grad_y,
                                 .x = x,
                                 .xa = xa,
                                 .lora_A = lora->lora_A,
                                 .lora_B = lora->lora_B,
                                 .scaling = lora->scaling,
                                 .dropout = dropout,
                                 .grad_A = lora->grad_A,
                                 .grad_B = lora->grad_B,
                                 .grad_x = grad_x,
                                 .product = product});
}

void AdaptedLinear::forward(Context& context, const float* x, float* y, bool accumulate) const {
  if (lora != nullptr && lora->magnitude != nullptr) return forward_scaled(context, x, y, accumulate);
  matmul_forward(context, {.n_rows = n_rows,
                           .in = in,
                           .out = out,
                           .x = x,
                           .weight = weight->view,
                           .bias = weight->bias,
                           .y = y,
                           .accumulate = accumulate,
                           .product = product});
  if (lora != nullptr) lora_matmul_forward(context, lora_args(x, y));
}

// With z = W·drop(x) + scaling·B·A·drop(x): y (+)= W·(x - drop(x)) + b + s∘z.
void AdaptedLinear::forward_scaled(Context& context, const float* x, float* y, bool accumulate) const {
  const ScratchScope scope(context.scratch());
  const bool drops = dropout.drop_probability > 0;
  const float* kept = x;
  if (drops) {
    float* dropped = take(context, n_rows * in);
    float* rest = take(context, n_rows * in);
    dropout_rows(context, {.n_rows = n_rows, .width = in, .dropout = dropout, .x = x, .y = dropped, .rest = rest});
    kept = dropped;
    matmul_forward(context, {.n_rows = n_rows,
                             .in = in,
                             .out = out,
                             .x = rest,
                             .weight = weight->view,
                             .bias = nullptr,
                             .y = y,
                             .accumulate = accumulate,
                             .product = product});
  }
  matmul_forward(context, {.n_rows = n_rows,
                           .in = in,
                           .out = out,
                           .x = kept,
                           .weight = weight->view,
                           .bias = nullptr,
                           .y = unscaled,
                           .product = product});
  lora_matmul_forward(context, lora_args(x, unscaled));
  dora_scale(context, {.n_rows = n_rows,
                       .out = out,
                       .z = unscaled,
                       .magnitude = lora->magnitude,
                       .norms = norms,
                       .bias = weight->bias,
                       .y = y,
                       .accumulate = accumulate || drops});
}

void AdaptedLinear::backward(Context& context, const float* grad_y, const float* x, float* grad_x,
                             bool accumulate) const {
  const bool scaled = lora != nullptr && lora->magnitude != nullptr;
  // Without dropout a DoRA layer passes nothing on but through s.
  if (grad_x != nullptr && (!scaled || dropout.drop_probability > 0)) {
    matmul_backward_input(context, {.n_rows = n_rows,
                                    .in = in,
                                    .out = out,
                                    .grad_y = grad_y,
                                    .weight = weight->view,
                                    .grad_x = grad_x,
                                    .accumulate = accumulate,
                                    .product = product});
    accumulate = true;
  }
  if (weight->grad != nullptr || weight->grad_bias != nullptr) {
    // Of a bias alone only the sums are wanted.
    matmul_backward_weight(context, {.n_rows = n_rows,
                                     .in = weight->grad != nullptr ? in : 0,
                                     .out = out,
                                     .grad_y = grad_y,
                                     .x = x,
                                     .grad_weight = weight->grad,
                                     .grad_bias = weight->grad_bias,
                                     .product = product});
  }
  if (lora == nullptr) return;
  if (!scaled) return lora_backward(context, grad_y, x, grad_x);
  if (grad_x != nullptr && !accumulate)
    context.memory()->zero(grad_x, static_cast<std::size_t>(n_rows * in) * sizeof(float));
  backward_scaled(context, grad_y, x, grad_x);
}

// grad_z = s∘grad_y;  grad_m += Σ grad_y∘z / norm;  grad_x += drop'(Wᵀ·(grad_z - grad_y)) + what the factors pass on.
// Without dropout grad_x holds no Wᵀ·grad_y yet, so grad_z goes through whole.
void AdaptedLinear::backward_scaled(Context& context, const float* grad_y, const float* x, float* grad_x) const {
  const ScratchScope scope(context.scratch());
  const bool drops = dropout.drop_probability > 0;
  float* grad_z = take(context, n_rows * out);
  float* through = drops ? take(context, n_rows * out) : nullptr;
  dora_backward(context, {.n_rows = n_rows,
                          .out = out,
                          .grad_y = grad_y,
                          .z = unscaled,
                          .magnitude = lora->magnitude,
                          .norms = norms,
                          .grad_z = grad_z,
                          .through = through,
                          .grad_magnitude = lora->grad_magnitude});
  if (grad_x != nullptr) {
    float* to = drops ? take(context, n_rows * in) : grad_x;
    matmul_backward_input(context, {.n_rows = n_rows,
                                    .in = in,
                                    .out = out,
                                    .grad_y = drops ? through : grad_z,
                                    .weight = weight->view,
                                    .grad_x = to,
                                    .accumulate = !drops,
                                    .product = product});
    if (drops) {
      dropout_rows(context,
                   {.n_rows = n_rows, .width = in, .dropout = dropout, .x = to, .y = grad_x, .accumulate = true});
    }
  }
  lora_backward(context, grad_z, x, grad_x);
}

}  // namespace matinee
