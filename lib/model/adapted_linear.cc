#include "lib/model/adapted_linear.h"

#include <algorithm>
#include <cmath>

#include "kernels/lora_matmul/lora_dropout.h"
#include "kernels/ops.h"

namespace matinee {
namespace {

constexpr std::size_t kRowBlock = 64;

// body(row) for every row, in blocks.
template <class Body>
void for_rows(Context& context, std::int64_t n_rows, const Body& body) {
  context.pool().for_blocks(static_cast<std::size_t>(n_rows), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
    for (auto row = static_cast<std::int64_t>(begin); row < static_cast<std::int64_t>(end); ++row) body(row);
  });
}

float* take(Context& context, std::int64_t elements) {
  return context.scratch().take_array<float>(static_cast<std::size_t>(elements));
}

}  // namespace

void adapted_row_norms(Context& context, std::int64_t out, std::int64_t in, const WeightView& weight,
                       const LoraSlot& lora, float* norms) {
  context.pool().for_blocks(
      static_cast<std::size_t>(out), kRowBlock, [&](std::size_t begin, std::size_t end, int worker) {
        const ScratchScope scope(context.worker_scratch(worker));
        float* row = context.worker_scratch(worker).take_array<float>(static_cast<std::size_t>(in));
        for (auto o = static_cast<std::int64_t>(begin); o < static_cast<std::int64_t>(end); ++o) {
          dequantize(context, {.first = o * in, .n = in, .width = in, .weight = weight, .y = row});
          for (std::int64_t r = 0; r < lora.rank; ++r) {
            const float b = lora.scaling * lora.lora_B[o * lora.rank + r];
            const float* a = lora.lora_A + r * in;
            for (std::int64_t i = 0; i < in; ++i) row[i] += b * a[i];
          }
          double squares = 0;
          for (std::int64_t i = 0; i < in; ++i) squares += static_cast<double>(row[i]) * row[i];
          norms[o] = static_cast<float>(std::sqrt(squares));
        }
      });
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
  adapted_row_norms(context, out, in, weight->view, *lora, norms);
  const ScratchScope scope(context.scratch());
  const bool drops = dropout.drop_probability > 0;
  const float* kept = x;
  if (drops) {
    float* dropped = take(context, n_rows * in);
    float* rest = take(context, n_rows * in);
    for_rows(context, n_rows, [&](std::int64_t row) {
      lora_dropout_row(dropout, in, row, x + row * in, dropped + row * in, false);
      for (std::int64_t i = row * in; i < (row + 1) * in; ++i) rest[i] = x[i] - dropped[i];
    });
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
  const bool adds = accumulate || drops;
  for_rows(context, n_rows, [&](std::int64_t row) {
    const float* z = unscaled + row * out;
    float* to = y + row * out;
    for (std::int64_t o = 0; o < out; ++o) {
      const float value = lora->magnitude[o] / norms[o] * z[o] + (weight->bias == nullptr ? 0 : weight->bias[o]);
      to[o] = adds ? to[o] + value : value;
    }
  });
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
  if (grad_x != nullptr && !accumulate) std::fill_n(grad_x, n_rows * in, 0.0f);
  backward_scaled(context, grad_y, x, grad_x);
}

// grad_z = s∘grad_y;  grad_m += Σ grad_y∘z / norm;  grad_x += drop'(Wᵀ·(grad_z - grad_y)) + what the factors pass on.
// Without dropout grad_x holds no Wᵀ·grad_y yet, so grad_z goes through whole.
void AdaptedLinear::backward_scaled(Context& context, const float* grad_y, const float* x, float* grad_x) const {
  const ScratchScope scope(context.scratch());
  const bool drops = dropout.drop_probability > 0;
  float* grad_z = take(context, n_rows * out);
  float* through = drops ? take(context, n_rows * out) : grad_z;
  for_rows(context, n_rows, [&](std::int64_t row) {
    for (std::int64_t o = 0; o < out; ++o) {
      const std::int64_t i = row * out + o;
      grad_z[i] = lora->magnitude[o] / norms[o] * grad_y[i];
      if (drops) through[i] = grad_z[i] - grad_y[i];
    }
  });
  // A block of columns goes through all rows in order, so that sums do not depend on the threads.
  context.pool().for_blocks(static_cast<std::size_t>(out), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::int64_t row = 0; row < n_rows; ++row) {
      for (std::size_t o = begin; o < end; ++o) {
        const std::size_t i = static_cast<std::size_t>(row * out) + o;
        lora->grad_magnitude[o] += grad_y[i] * unscaled[i] / norms[o];
      }
    }
  });
  if (grad_x != nullptr) {
    float* to = drops ? take(context, n_rows * in) : grad_x;
    matmul_backward_input(context, {.n_rows = n_rows,
                                    .in = in,
                                    .out = out,
                                    .grad_y = through,
                                    .weight = weight->view,
                                    .grad_x = to,
                                    .accumulate = !drops,
                                    .product = product});
    if (drops) {
      for_rows(context, n_rows,
               [&](std::int64_t row) { lora_dropout_row(dropout, in, row, to + row * in, grad_x + row * in, true); });
    }
  }
  lora_backward(context, grad_z, x, grad_x);
}

}  // namespace matinee
