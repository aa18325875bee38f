// x, grad_x and the gradients of A are processed in blocks that fit the first- or second-level cache: all parts use a
// block before the next one, so memory is read once. Adjacent parts with the same mask share the dropped and rounded
// copy. Products with y and grad_y, which each part has for itself, are those of kernels/matmul.

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/context.h"
#include "kernels/cpu_ops.h"
#include "kernels/lora_matmul/lora_dropout.h"
#include "kernels/matmul/direct_rows.h"
#include "kernels/matmul/matmul_blocks.h"
#include "kernels/matmul/matmul_kernels.h"

namespace matinee {
namespace {

constexpr std::int64_t kRows = 4 * kTileRows;  // of a block as wide as x
constexpr std::int64_t kColumns = 4 * kPanel;  // of a block of grad_x
constexpr std::int64_t kPanelRows = 512;       // of a panel of x
constexpr std::size_t kPanelColumns = kPanel;  // dropout's groups of columns
static_assert(kPanelColumns % 64 == 0, "a panel consists of whole groups of dropout");

float* scaled(Context& context, float factor, const float* x, std::int64_t n) {
  auto* result = context.scratch().take_array<float>(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) result[i] = factor * x[i];
  return result;
}

// A block of x.
struct Block {
  const float* x;
  std::int64_t stride, row, n_rows, column, n_columns;
};

// The block, or a copy with elements dropped.
Block dropped(Scratch& scratch, const LoraDropout& dropout, const Block& block) {
  if (dropout.drop_probability == 0) return block;
  auto* copy = scratch.take_array<float>(static_cast<std::size_t>(block.n_rows * block.n_columns));
  for (std::int64_t r = 0; r < block.n_rows; ++r) {
    lora_dropout_row(dropout, block.row + r, block.column, block.n_columns, block.x + r * block.stride,
                     copy + r * block.n_columns, false);
  }
  Block result = block;
  result.x = copy;
  result.stride = block.n_columns;
  return result;
}

// xa of all parts.
void multiply_x(Context& context, const LoraMatmulArgs& args) {
  // For a few rows (decoding) packing A does not pay.
  const Factors factors = args.n_rows <= direct_rows(context) ? Factors::kF32 : factors_of(context, args.precision);
  const ScratchScope scope(context.scratch());
  std::vector<RightFactor> lora_A;
  for (const LoraPart& part : args.parts) lora_A.emplace_back(context, factors, args.in, part.rank, part.lora_A, true);
  context.pool().for_blocks(
      static_cast<std::size_t>(args.n_rows), kRows, [&](std::size_t begin, std::size_t end, int worker) {
        Scratch& scratch = context.worker_scratch(worker);
        const ScratchScope worker_scope(scratch);
        const auto row = static_cast<std::int64_t>(begin), n = static_cast<std::int64_t>(end - begin);
        Operand left;
        for (std::size_t i = 0; i < args.parts.size(); ++i) {
          const LoraPart& part = args.parts[i];
          if (i == 0 || !same_mask(part.dropout, args.parts[i - 1].dropout)) {
            if (factors == Factors::kPairs && args.x_bf16 != nullptr && part.dropout.drop_probability == 0) {
              left = left_rows(args.x_bf16, args.in, row);
            } else {
              const Block rows = dropped(scratch, part.dropout, {args.x + row * args.in, args.in, row, n, 0, args.in});
              left = left_rows(scratch, factors, n, args.in, rows.x, rows.stride);
            }
          }
          lora_A[i].multiply(n, left, 0, part.rank, part.xa + row * part.rank, part.rank, false);
        }
      });
}

// grad_A += tᵀ·drop(x) of all parts.
void add_grad_A(Context& context, const LoraMatmulBackwardArgs& args, const std::vector<float*>& t) {
  const Factors factors = factors_of(context, args.precision);
  const ScratchScope scope(context.scratch());
  std::vector<LeftFactor> left;
  for (std::size_t i = 0; i < t.size(); ++i) left.emplace_back(context, factors, args.n_rows, args.parts[i].rank, t[i]);
  context.pool().for_blocks(
      static_cast<std::size_t>(args.in), kPanelColumns, [&](std::size_t begin, std::size_t end, int worker) {
        Scratch& scratch = context.worker_scratch(worker);
        const auto column = static_cast<std::int64_t>(begin), width = static_cast<std::int64_t>(end - begin);
        for (std::int64_t row = 0; row < args.n_rows; row += kPanelRows) {
          const ScratchScope worker_scope(scratch);
          const std::int64_t n = std::min(kPanelRows, args.n_rows - row);
          Operand right;
          for (std::size_t i = 0; i < args.parts.size(); ++i) {
            const LoraBackwardPart& part = args.parts[i];
            if (i == 0 || !same_mask(part.dropout, args.parts[i - 1].dropout)) {
              const Block panel =
                  dropped(scratch, part.dropout, {args.x + row * args.in + column, args.in, row, n, column, width});
              right = right_columns(scratch, factors, n, width, panel.x, panel.stride);
            }
            left[i].multiply(row, n, right, width, part.grad_A + column, args.in);
          }
        }
      });
}

// grad_x += drop'(t·A) of all parts.
void add_grad_x(Context& context, const LoraMatmulBackwardArgs& args, const std::vector<float*>& t) {
  const Factors factors = factors_of(context, args.precision);
  const ScratchScope scope(context.scratch());
  std::vector<RightFactor> lora_A;
  for (const LoraBackwardPart& part : args.parts)
    lora_A.emplace_back(context, factors, part.rank, args.in, part.lora_A, false);
  context.pool().for_blocks(
      static_cast<std::size_t>(args.n_rows), kRows, [&](std::size_t begin, std::size_t end, int worker) {
        Scratch& scratch = context.worker_scratch(worker);
        const ScratchScope worker_scope(scratch);
        const auto row = static_cast<std::int64_t>(begin), n = static_cast<std::int64_t>(end - begin);
        std::array<Operand, kMaxLoraParts> left;
        for (std::size_t i = 0; i < t.size(); ++i) {
          const std::int64_t rank = args.parts[i].rank;
          left[i] = left_rows(scratch, factors, n, rank, t[i] + row * rank, rank);
        }
        auto* sum = scratch.take_array<float>(static_cast<std::size_t>(kRows * kColumns));
        for (std::int64_t column = 0; column < args.in; column += kColumns) {
          const std::int64_t width = std::min(kColumns, args.in - column);
          float* to = args.grad_x + row * args.in + column;
          // Parts with the same mask are summed before it is applied.
          for (std::size_t i = 0, last = 0; i < t.size(); i = last) {
            const LoraDropout& dropout = args.parts[i].dropout;
            const bool drops = dropout.drop_probability > 0;
            for (last = i; last < t.size() && same_mask(args.parts[last].dropout, dropout); ++last) {
              lora_A[last].multiply(n, left[last], column, width, drops ? sum : to, drops ? kColumns : args.in,
                                    !drops || last > i);
            }
            for (std::int64_t r = 0; r < n && drops; ++r) {
              lora_dropout_row(dropout, row + r, column, width, sum + r * kColumns, to + r * args.in, true);
            }
          }
        }
      });
}

}  // namespace

void lora_matmul_forward_cpu(Context& context, const LoraMatmulArgs& args) {
  multiply_x(context, args);
  for (const LoraPart& part : args.parts) {
    if (part.out == 0) continue;
    const ScratchScope scope(context.scratch());
    matmul_forward_cpu(context, {.n_rows = args.n_rows,
                                 .in = part.rank,
                                 .out = part.out,
                                 .x = scaled(context, part.scaling, part.xa, args.n_rows * part.rank),
                                 .weight = {part.lora_B, WeightFormat::kF32},
                                 .y = part.y,
                                 .accumulate = true,
                                 .precision = args.precision});
  }
}

void lora_matmul_backward_cpu(Context& context, const LoraMatmulBackwardArgs& args) {
  const ScratchScope whole_scope(context.scratch());
  std::vector<float*> t;
  for (const LoraBackwardPart& part : args.parts) {
    const std::int64_t n_hidden = args.n_rows * part.rank;
    t.push_back(context.scratch().take_array<float>(static_cast<std::size_t>(n_hidden)));
    const ScratchScope scope(context.scratch());
    if (part.out > 0) {
      matmul_backward_weight_cpu(context, {.n_rows = args.n_rows,
                                           .in = part.rank,
                                           .out = part.out,
                                           .grad_y = part.grad_y,
                                           .x = scaled(context, part.scaling, part.xa, n_hidden),
                                           .grad_weight = part.grad_B,
                                           .precision = args.precision});
    }
    matmul_backward_input_cpu(context, {.n_rows = args.n_rows,
                                        .in = part.rank,
                                        .out = part.out,
                                        .grad_y = part.grad_y,
                                        .weight = {part.lora_B, WeightFormat::kF32},
                                        .grad_x = t.back(),
                                        .precision = args.precision});
    for (std::int64_t i = 0; i < n_hidden; ++i) t.back()[i] *= part.scaling;
  }
  if (args.in == 0) return;
  add_grad_A(context, args, t);
  if (args.grad_x != nullptr) add_grad_x(context, args, t);
}

}  // namespace matinee
