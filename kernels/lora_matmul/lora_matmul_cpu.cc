// The products themselves are those of kernels/matmul, which has tiles for a side as narrow as a rank.

#include "kernels/context.h"
#include "kernels/cpu_ops.h"
#include "kernels/lora_matmul/lora_dropout.h"

namespace matinee {
namespace {

constexpr std::size_t kRowBlock = 64;

float* scaled(Context& context, float factor, const float* x, std::int64_t n) {
  auto* result = context.scratch().take_array<float>(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) result[i] = factor * x[i];
  return result;
}

// y = or += drop(x), row by row.
void drop_rows(Context& context, const LoraDropout& dropout, std::int64_t n_rows, std::int64_t in, const float* x,
               float* y, bool accumulate) {
  context.pool().for_blocks(static_cast<std::size_t>(n_rows), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
    for (auto row = static_cast<std::int64_t>(begin); row < static_cast<std::int64_t>(end); ++row) {
      lora_dropout_row(dropout, in, row, x + row * in, y + row * in, accumulate);
    }
  });
}

// x itself, or a copy with elements dropped.
const float* dropped(Context& context, const LoraDropout& dropout, std::int64_t n_rows, std::int64_t in,
                     const float* x) {
  if (dropout.drop_probability == 0) return x;
  auto* result = context.scratch().take_array<float>(static_cast<std::size_t>(n_rows * in));
  drop_rows(context, dropout, n_rows, in, x, result, false);
  return result;
}

}  // namespace

void lora_matmul_forward_cpu(Context& context, const LoraMatmulArgs& args) {
  const ScratchScope scope(context.scratch());
  matmul_forward_cpu(context, {.n_rows = args.n_rows,
                               .in = args.in,
                               .out = args.rank,
                               .x = dropped(context, args.dropout, args.n_rows, args.in, args.x),
                               .weight = {args.lora_A, DType::kF32},
                               .y = args.xa,
                               .product = args.product});
  if (args.out == 0) return;
  matmul_forward_cpu(context, {.n_rows = args.n_rows,
                               .in = args.rank,
                               .out = args.out,
                               .x = scaled(context, args.scaling, args.xa, args.n_rows * args.rank),
                               .weight = {args.lora_B, DType::kF32},
                               .y = args.y,
                               .accumulate = true,
                               .product = args.product});
}

void lora_matmul_backward_cpu(Context& context, const LoraMatmulBackwardArgs& args) {
  const ScratchScope scope(context.scratch());
  const std::int64_t n_hidden = args.n_rows * args.rank;
  if (args.out > 0) {
    matmul_backward_weight_cpu(context, {.n_rows = args.n_rows,
                                         .in = args.rank,
                                         .out = args.out,
                                         .grad_y = args.grad_y,
                                         .x = scaled(context, args.scaling, args.xa, n_hidden),
                                         .grad_weight = args.grad_B,
                                         .product = args.product});
  }
  auto* grad_xa = context.scratch().take_array<float>(static_cast<std::size_t>(n_hidden));
  matmul_backward_input_cpu(context, {.n_rows = args.n_rows,
                                      .in = args.rank,
                                      .out = args.out,
                                      .grad_y = args.grad_y,
                                      .weight = {args.lora_B, DType::kF32},
                                      .grad_x = grad_xa,
                                      .product = args.product});
  for (std::int64_t i = 0; i < n_hidden; ++i) grad_xa[i] *= args.scaling;
  if (args.in == 0) return;
  matmul_backward_weight_cpu(context, {.n_rows = args.n_rows,
                                       .in = args.in,
                                       .out = args.rank,
                                       .grad_y = grad_xa,
                                       .x = dropped(context, args.dropout, args.n_rows, args.in, args.x),
                                       .grad_weight = args.grad_A,
                                       .product = args.product});
  if (args.grad_x == nullptr) return;
  const bool drops = args.dropout.drop_probability > 0;
  float* grad_x = args.grad_x;
  if (drops) grad_x = context.scratch().take_array<float>(static_cast<std::size_t>(args.n_rows * args.in));
  matmul_backward_input_cpu(context, {.n_rows = args.n_rows,
                                      .in = args.in,
                                      .out = args.rank,
                                      .grad_y = grad_xa,
                                      .weight = {args.lora_A, DType::kF32},
                                      .grad_x = grad_x,
                                      .accumulate = !drops,
                                      .product = args.product});
  if (drops) drop_rows(context, args.dropout, args.n_rows, args.in, grad_x, args.grad_x, true);
}

}  // namespace matinee
