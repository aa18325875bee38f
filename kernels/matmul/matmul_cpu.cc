// The three products on the CPU. Every block of the result is computed by one call of a single-threaded product
// (oneDNN's for float32, ours for bfloat16 pairs). Blocks depend on the sizes only, and the sum over k has a fixed
// order within a block. So the result does not depend on the number of threads.

#include <algorithm>
#include <cstring>

#include "kernels/context.h"
#include "kernels/cpu_ops.h"
#include "kernels/matmul/direct_rows.h"
#include "kernels/matmul/matmul_blocks.h"
#include "kernels/matmul/matmul_few_rows.h"
#include "kernels/matmul/matmul_kernels.h"
#include "kernels/quantize/quantize.h"
#include "kernels/round_bf16/round_bf16.h"

namespace matinee {
namespace {

constexpr std::int64_t kRowBlock = 96;  // a multiple of kTileRows
constexpr std::int64_t kColumnBlock = 4 * kPanel;
constexpr std::int64_t kRoundRows = 32;     // rounded by one task
constexpr std::int64_t kPairsPerLine = 16;  // dwords of a cache line
constexpr std::int64_t kPackRows = 64;      // pairs of rows packed by one task
// Elements that are repacked or widened at a time: 8 MiB of bfloat16 or of float32 for a matrix of any size. oneDNN's
// own copy of the factors grows with a float32 slab.
constexpr std::int64_t kSlab = 4 << 20, kFloatSlab = kSlab / 2;

std::int64_t blocks_of(std::int64_t n, std::int64_t block) { return (n + block - 1) / block; }
// The largest multiple of `block` up to n, but at least one block.
std::int64_t whole_blocks(std::int64_t n, std::int64_t block) { return std::max<std::int64_t>(1, n / block) * block; }

// Elements [first, first + n) of a matrix with rows of `width`, as float32; with `round`, as bfloat16 values.
void widen_parallel(Context& context, const WeightView& weight, std::int64_t width, bool round, std::int64_t first,
                    std::int64_t n, float* to) {
  constexpr std::int64_t kBlock = 1 << 16;
  if (weight.is_quantized()) {
    return dequantize(context, {.first = first, .n = n, .width = width, .weight = weight, .y = to});
  }
  context.pool().for_blocks(static_cast<std::size_t>(n), kBlock, [&](std::size_t begin, std::size_t end, int) {
    widen(element(weight, first + static_cast<std::int64_t>(begin)), weight.format == WeightFormat::kBF16, round,
          static_cast<std::int64_t>(end - begin), to + begin);
  });
}

// Calls body(row, n_rows, column, n_columns, worker) for blocks of a matrix [n_rows, n_columns]. The row index runs
// fastest, so that consecutive blocks share the right factor.
template <class Body>
void for_tiles(Context& context, std::int64_t n_rows, std::int64_t n_columns, std::int64_t row_block,
               std::int64_t column_block, const Body& body) {
  const std::int64_t down = blocks_of(n_rows, row_block), across = blocks_of(n_columns, column_block);
  context.pool().for_blocks(
      static_cast<std::size_t>(down * across), 1, [&](std::size_t begin, std::size_t end, int worker) {
        for (auto index = static_cast<std::int64_t>(begin); index < static_cast<std::int64_t>(end); ++index) {
          const std::int64_t row = index % down * row_block, column = index / down * column_block;
          body(row, std::min(row_block, n_rows - row), column, std::min(column_block, n_columns - column), worker);
        }
      });
}

// Elements [first, first + n) of a quantized matrix as bfloat16; int8 codes without their scales.
void widen_quantized(const WeightView& weight, std::int64_t first, std::int64_t n, std::uint16_t* to) {
  if (weight.format == WeightFormat::kInt8) {
    widen_int8_avx512bf16(static_cast<const std::int8_t*>(weight.data) + first, n, to);
  } else {
    widen_nf4_avx512bf16(nf4_rows(weight, -weight.first), weight.first + first, n, to);
  }
}

// Packs columns [column, column + kPanel) of rows [first, first + depth) of a quantized matrix into a panel, with the
// rows along k. A few rows at a time, so that the widened copy stays in the first-level cache.
void pack_quantized_columns(Scratch& scratch, const WeightView& weight, std::int64_t in, std::int64_t first,
                            std::int64_t depth, std::int64_t column, std::uint32_t* panel) {
  constexpr std::int64_t kRows = 64;
  const std::int64_t width = std::min(kPanel, in - column);
  const ScratchScope scope(scratch);
  auto* widened = scratch.take_array<std::uint16_t>(static_cast<std::size_t>(kRows * kPanel));
  for (std::int64_t row = 0; row < depth; row += kRows) {
    const std::int64_t n_rows = std::min(kRows, depth - row);
    for (std::int64_t r = 0; r < n_rows; ++r) {
      widen_quantized(weight, (first + row + r) * in + column, width, widened + r * kPanel);
    }
    pack_interleaved_avx512bf16({.source = widened,
                                 .is_bf16 = true,
                                 .stride = kPanel,
                                 .n_columns = width,
                                 .k = n_rows,
                                 .panel = panel + row / 2 * kPanel});
  }
}

bool uses_pairs(const Context& context, MatmulPrecision precision) {
  return factors_of(context, precision) == Factors::kPairs;
}

// A left factor [rows, k] and, if there is one, its rounded copy by round_bf16().
struct LeftRows {
  std::int64_t k;
  const float* x;
  std::int64_t stride;  // from one row of x to the next
  const bf16* x_bf16 = nullptr;
  const float* scales = nullptr;  // [k], factors of the columns of x, or none
};

// Rounds rows [first, first + n_rows) of x, times the scales, to pairs with the row stride of round_bf16().
void round_rows(Scratch& scratch, const LeftRows& rows, std::int64_t first, std::int64_t n_rows, std::uint32_t* pairs) {
  const std::int64_t k = rows.k, stride = bf16_stride(k) / 2;
  const float* x = rows.x + first * rows.stride;
  if (rows.scales == nullptr) return round_rows_avx512bf16(x, rows.stride, n_rows, k, pairs, stride);
  const ScratchScope scope(scratch);
  auto* scaled = scratch.take_array<float>(static_cast<std::size_t>(k));
  for (std::int64_t r = 0; r < n_rows; ++r) {
    for (std::int64_t i = 0; i < k; ++i) scaled[i] = x[r * rows.stride + i] * rows.scales[i];
    round_rows_avx512bf16(scaled, k, 1, k, pairs + r * stride, stride);
  }
}

// A product of any size in blocks, with the left factor `rows` and packed panels as the right one. If several blocks of
// columns need a row, it is rounded once beforehand, otherwise by the task that needs it.
void multiply_rows_by_panels(Context& context, const LeftRows& rows, PairsProduct whole) {
  const std::int64_t stride = bf16_stride(rows.k) / 2;
  whole.n_pairs = (rows.k + 1) / 2;
  whole.tile_stride = kTileRows * stride;
  whole.row_stride = stride;
  whole.right_stride = whole.n_pairs * kPanel;
  const ScratchScope whole_scope(context.scratch());
  whole.left = reinterpret_cast<const std::uint32_t*>(rows.x_bf16);
  if (whole.left == nullptr && whole.n > kColumnBlock) {
    auto* all = context.scratch().take_array<std::uint32_t>(static_cast<std::size_t>(whole.m * stride));
    context.pool().for_blocks(static_cast<std::size_t>(whole.m), kRoundRows,
                              [&](std::size_t begin, std::size_t end, int worker) {
                                const auto row = static_cast<std::int64_t>(begin);
                                round_rows(context.worker_scratch(worker), rows, row,
                                           static_cast<std::int64_t>(end - begin), all + row * stride);
                              });
    whole.left = all;
  }
  for_tiles(context, whole.m, whole.n, kRowBlock, kColumnBlock,
            [&](std::int64_t row, std::int64_t n_rows, std::int64_t column, std::int64_t n_columns, int worker) {
              Scratch& scratch = context.worker_scratch(worker);
              const ScratchScope scope(scratch);
              PairsProduct block = whole;
              block.m = n_rows;
              block.n = n_columns;
              if (whole.left != nullptr) {
                block.left += row * stride;
              } else {
                auto* own = scratch.take_array<std::uint32_t>(static_cast<std::size_t>(n_rows * stride));
                round_rows(scratch, rows, row, n_rows, own);
                block.left = own;
              }
              block.right += column / kPanel * whole.right_stride;
              if (whole.column_scales != nullptr) block.column_scales += column;
              block.c += row * whole.c_stride + column;
              multiply_pairs_avx512bf16(block);
            });
}

// A float32 product of any size, in blocks; its left factor, not transposed, is rounded to bfloat16 values on request.
void multiply_blocks(Context& context, const SgemmArgs& args, bool round) {
  for_tiles(context, args.m, args.n, 2 * kRowBlock, kColumnBlock,
            [&](std::int64_t row, std::int64_t n_rows, std::int64_t column, std::int64_t n_columns, int worker) {
              Scratch& scratch = context.worker_scratch(worker);
              const ScratchScope scope(scratch);
              SgemmArgs block = args;
              block.m = n_rows;
              block.n = n_columns;
              block.left += row * args.left_stride;
              block.right += args.right_transposed ? column * args.right_stride : column;
              block.c += row * args.c_stride + column;
              if (round) {
                auto* rounded = scratch.take_array<float>(static_cast<std::size_t>(n_rows * args.k));
                for (std::int64_t r = 0; r < n_rows; ++r) {
                  widen(block.left + r * args.left_stride, false, true, args.k, rounded + r * args.k);
                }
                block.left = rounded;
                block.left_stride = args.k;
              }
              sgemm(block);
            });
}

// grad_weight += grad_yᵀ·x over `depth` rows from `first` on, in bfloat16 pairs.
void add_weight_gradient_pairs(Context& context, const MatmulBackwardWeightArgs& args, std::int64_t first,
                               std::int64_t depth) {
  const std::int64_t pairs = (depth + 1) / 2;
  const float* grad_y = args.grad_y + first * args.out;
  const ScratchScope scope(context.scratch());
  // The left factor is stored as rows of pairs, so that packing reads and writes whole cache lines. An odd number of
  // them per row spreads the tiles' columns over all sets of the first-level cache.
  const std::int64_t left_stride = (blocks_of(args.out, kPairsPerLine) | 1) * kPairsPerLine;
  const std::int64_t right_panels = blocks_of(args.in, kPanel), row_blocks = blocks_of(pairs, kPackRows);
  const bool is_rounded = args.x_bf16 != nullptr;
  const std::int64_t x_stride = is_rounded ? bf16_stride(args.in) : args.in;
  auto* left = context.scratch().take_array<std::uint32_t>(static_cast<std::size_t>(left_stride * pairs));
  auto* right = context.scratch().take_array<std::uint32_t>(static_cast<std::size_t>(right_panels * kPanel * pairs));
  context.pool().for_blocks(static_cast<std::size_t>(row_blocks), 1, [&](std::size_t begin, std::size_t, int) {
    const std::int64_t pair = static_cast<std::int64_t>(begin) * kPackRows;
    const std::int64_t rows = std::min(2 * kPackRows, depth - 2 * pair);
    pack_interleaved_avx512bf16({.source = grad_y + 2 * pair * args.out,
                                 .stride = args.out,
                                 .n_columns = args.out,
                                 .k = rows,
                                 .panel = left + pair * left_stride,
                                 .panel_width = left_stride});
    const std::int64_t x_row = first + 2 * pair;
    for (std::int64_t column = 0; column < args.in; column += kPanel) {
      const void* from = is_rounded ? static_cast<const void*>(args.x_bf16 + x_row * x_stride + column)
                                    : args.x + x_row * x_stride + column;
      pack_interleaved_avx512bf16({.source = from,
                                   .is_bf16 = is_rounded,
                                   .stride = x_stride,
                                   .n_columns = std::min(kPanel, args.in - column),
                                   .k = rows,
                                   .panel = right + column * pairs + pair * kPanel});
    }
  });
  for_tiles(context, args.out, args.in, kRowBlock, kPanel,
            [&](std::int64_t row, std::int64_t n_rows, std::int64_t column, std::int64_t n_columns, int) {
              multiply_pairs_avx512bf16({.m = n_rows,
                                         .n = n_columns,
                                         .n_pairs = pairs,
                                         .left = left + row,
                                         .tile_stride = kTileRows,
                                         .row_stride = 1,
                                         .pair_stride = left_stride,
                                         .right = right + column * pairs,
                                         .right_stride = pairs * kPanel,
                                         .c = args.grad_weight + row * args.in + column,
                                         .c_stride = args.in,
                                         .accumulate = true});
            });
}

// Columns [first, first + width) of x [depth, n], rounded to bfloat16 values, as [depth, width].
const float* rounded_columns(Context& context, const float* x, std::int64_t n, std::int64_t depth, std::int64_t first,
                             std::int64_t width) {
  auto* rounded = context.scratch().take_array<float>(static_cast<std::size_t>(depth * width));
  context.pool().for_blocks(static_cast<std::size_t>(depth), kRoundRows, [&](std::size_t begin, std::size_t end, int) {
    for (auto row = static_cast<std::int64_t>(begin); row < static_cast<std::int64_t>(end); ++row) {
      widen(x + row * n + first, false, true, width, rounded + row * width);
    }
  });
  return rounded;
}

// c += leftᵀ·right, in blocks; args.left is [k, m].
void add_transposed_blocks(Context& context, const SgemmArgs& args) {
  for_tiles(context, args.m, args.n, kRowBlock, kColumnBlock,
            [&](std::int64_t row, std::int64_t n_rows, std::int64_t column, std::int64_t n_columns, int) {
              SgemmArgs block = args;
              block.m = n_rows;
              block.n = n_columns;
              block.left += row;
              block.right += column;
              block.c += row * args.c_stride + column;
              sgemm(block);
            });
}

// The same as add_weight_gradient_pairs() in float32; with `round`, of factors rounded to bfloat16 values, slab by
// slab.
void add_weight_gradient_f32(Context& context, const MatmulBackwardWeightArgs& args, std::int64_t first,
                             std::int64_t depth, bool round) {
  const SgemmArgs whole{.m = args.out,
                        .n = args.in,
                        .k = depth,
                        .left = args.grad_y + first * args.out,
                        .left_stride = args.out,
                        .left_transposed = true,
                        .right = args.x + first * args.in,
                        .right_stride = args.in,
                        .c = args.grad_weight,
                        .c_stride = args.in,
                        .accumulate = true};
  if (!round) return add_transposed_blocks(context, whole);
  const auto slab_of = [&](std::int64_t block) { return whole_blocks(kFloatSlab / 2 / depth, block); };
  SgemmArgs slab = whole;
  for (std::int64_t column = 0; column < args.in; column += slab.n) {
    slab.n = std::min(slab_of(kColumnBlock), args.in - column);
    const ScratchScope columns_scope(context.scratch());
    slab.right = rounded_columns(context, whole.right, args.in, depth, column, slab.n);
    slab.right_stride = slab.n;
    for (std::int64_t row = 0; row < args.out; row += slab.m) {
      slab.m = std::min(slab_of(kRowBlock), args.out - row);
      const ScratchScope rows_scope(context.scratch());
      slab.left = rounded_columns(context, whole.left, args.out, depth, row, slab.m);
      slab.left_stride = slab.m;
      slab.c = args.grad_weight + row * args.in + column;
      add_transposed_blocks(context, slab);
    }
  }
}

}  // namespace

void matmul_forward_cpu(Context& context, const MatmulArgs& args) {
  bool accumulate = args.accumulate;
  if (args.bias != nullptr) {
    for (std::int64_t row = 0; row < args.n_rows; ++row) {
      float* y = args.y + row * args.out;
      if (accumulate) {
        for (std::int64_t o = 0; o < args.out; ++o) y[o] += args.bias[o];
      } else {
        std::copy_n(args.bias, args.out, y);
      }
    }
    accumulate = true;
  }
  if (args.in == 0) {
    if (!accumulate) std::fill_n(args.y, args.n_rows * args.out, 0.0f);
    return;
  }
  const bool is_bf16 = args.weight.format == WeightFormat::kBF16;
  const bool round = args.precision == MatmulPrecision::kBF16;
  const bool quantized = args.weight.is_quantized(), is_int8 = args.weight.format == WeightFormat::kInt8;
  if (args.n_rows <= direct_rows(context) && (is_bf16 || quantized || !round))
    return forward_few_rows(context, args, accumulate);
  const ScratchScope scope(context.scratch());
  const bool packs = uses_pairs(context, args.precision);
  const std::int64_t slab = whole_blocks((packs ? kSlab : kFloatSlab) / args.in, kColumnBlock);
  if (packs) {
    const std::int64_t pairs = (args.in + 1) / 2, slab_width = std::min(slab, blocks_of(args.out, kPanel) * kPanel);
    auto* panels = context.scratch().take_array<std::uint32_t>(static_cast<std::size_t>(slab_width * pairs));
    for (std::int64_t first = 0; first < args.out; first += slab) {
      const std::int64_t width = std::min(slab, args.out - first);
      context.pool().for_blocks(
          static_cast<std::size_t>(blocks_of(width, kPanel)), 4, [&](std::size_t begin, std::size_t end, int worker) {
            Scratch& scratch = context.worker_scratch(worker);
            const ScratchScope worker_scope(scratch);
            auto* widened =
                quantized ? scratch.take_array<std::uint16_t>(static_cast<std::size_t>(kPanel * args.in)) : nullptr;
            for (auto panel = static_cast<std::int64_t>(begin); panel < static_cast<std::int64_t>(end); ++panel) {
              const std::int64_t column = panel * kPanel, n_columns = std::min(kPanel, width - column);
              if (quantized) widen_quantized(args.weight, (first + column) * args.in, n_columns * args.in, widened);
              const void* source = quantized ? widened : element(args.weight, (first + column) * args.in);
              pack_panel_transposed_avx512bf16({.source = source,
                                                .is_bf16 = is_bf16 || quantized,
                                                .stride = args.in,
                                                .n_columns = n_columns,
                                                .k = args.in,
                                                .panel = panels + column * pairs});
            }
          });
      multiply_rows_by_panels(context, {.k = args.in, .x = args.x, .stride = args.in, .x_bf16 = args.x_bf16},
                              {.m = args.n_rows,
                               .n = width,
                               .right = panels,
                               .column_scales = is_int8 ? args.weight.row_scales + first : nullptr,
                               .c = args.y + first,
                               .c_stride = args.out,
                               .accumulate = accumulate});
    }
    return;
  }
  SgemmArgs product{.m = args.n_rows,
                    .n = args.out,
                    .k = args.in,
                    .left = args.x,
                    .left_stride = args.in,
                    .right = static_cast<const float*>(args.weight.data),
                    .right_stride = args.in,
                    .right_transposed = true,
                    .c = args.y,
                    .c_stride = args.out,
                    .accumulate = accumulate};
  if (!is_bf16 && !quantized && !round) return multiply_blocks(context, product, false);
  auto* weights = context.scratch().take_array<float>(static_cast<std::size_t>(std::min(slab, args.out) * args.in));
  product.right = weights;
  for (std::int64_t first = 0; first < args.out; first += slab) {
    product.n = std::min(slab, args.out - first);
    product.c = args.y + first;
    widen_parallel(context, args.weight, args.in, round, first * args.in, product.n * args.in, weights);
    multiply_blocks(context, product, round);
  }
}

void matmul_backward_input_cpu(Context& context, const MatmulBackwardInputArgs& args) {
  if (args.out == 0) {
    if (!args.accumulate) std::fill_n(args.grad_x, args.n_rows * args.in, 0.0f);
    return;
  }
  const bool is_bf16 = args.weight.format == WeightFormat::kBF16, is_int8 = args.weight.format == WeightFormat::kInt8;
  const bool quantized = args.weight.is_quantized();
  const bool round = args.precision == MatmulPrecision::kBF16;
  const ScratchScope scope(context.scratch());
  if (uses_pairs(context, args.precision)) {
    // Slabs of the sum: the rows of W [out, in] from `first` on.
    const std::int64_t slab = whole_blocks(kSlab / args.in, kColumnBlock);
    const std::int64_t n_panels = blocks_of(args.in, kPanel);
    const std::int64_t slab_pairs = (std::min(slab, args.out) + 1) / 2;
    auto* panels =
        context.scratch().take_array<std::uint32_t>(static_cast<std::size_t>(n_panels * kPanel * slab_pairs));
    for (std::int64_t first = 0; first < args.out; first += slab) {
      const std::int64_t depth = std::min(slab, args.out - first), pairs = (depth + 1) / 2;
      context.pool().for_blocks(
          static_cast<std::size_t>(n_panels), 4, [&](std::size_t begin, std::size_t end, int worker) {
            for (auto panel = static_cast<std::int64_t>(begin); panel < static_cast<std::int64_t>(end); ++panel) {
              const std::int64_t column = panel * kPanel;
              if (quantized) {
                pack_quantized_columns(context.worker_scratch(worker), args.weight, args.in, first, depth, column,
                                       panels + column * pairs);
                continue;
              }
              pack_interleaved_avx512bf16({.source = element(args.weight, first * args.in + column),
                                           .is_bf16 = is_bf16,
                                           .stride = args.in,
                                           .n_columns = std::min(kPanel, args.in - column),
                                           .k = depth,
                                           .panel = panels + column * pairs});
            }
          });
      multiply_rows_by_panels(context,
                              {.k = depth,
                               .x = args.grad_y + first,
                               .stride = args.out,
                               .scales = is_int8 ? args.weight.row_scales + first : nullptr},
                              {.m = args.n_rows,
                               .n = args.in,
                               .right = panels,
                               .c = args.grad_x,
                               .c_stride = args.in,
                               .accumulate = args.accumulate || first > 0});
    }
    return;
  }
  SgemmArgs product{.m = args.n_rows,
                    .n = args.in,
                    .k = args.out,
                    .left = args.grad_y,
                    .left_stride = args.out,
                    .right = static_cast<const float*>(args.weight.data),
                    .right_stride = args.in,
                    .c = args.grad_x,
                    .c_stride = args.in,
                    .accumulate = args.accumulate};
  if (!is_bf16 && !quantized && !round) return multiply_blocks(context, product, false);
  // oneDNN computes sums over blocks of this many k and adds them in order. Slabs of whole blocks therefore give the
  // bytes of a single product. A remainder shorter than a block belongs to the last slab.
  const std::int64_t block = context.isa() >= IsaLevel::kAvx512 ? 384 : 256;
  const std::int64_t depth = whole_blocks(kFloatSlab / args.in - block, block);
  auto* weights =
      context.scratch().take_array<float>(static_cast<std::size_t>(std::min(depth + block - 1, args.out) * args.in));
  product.right = weights;
  for (std::int64_t first = 0; first < args.out; first += product.k) {
    product.k = args.out - first < depth + block ? args.out - first : depth;
    product.left = args.grad_y + first;
    product.accumulate = args.accumulate || first > 0;
    widen_parallel(context, args.weight, args.in, round, first * args.in, product.k * args.in, weights);
    multiply_blocks(context, product, round);
  }
}

void matmul_backward_weight_cpu(Context& context, const MatmulBackwardWeightArgs& args) {
  if (args.grad_bias != nullptr) {
    for (std::int64_t row = 0; row < args.n_rows; ++row) {
      for (std::int64_t o = 0; o < args.out; ++o) args.grad_bias[o] += args.grad_y[row * args.out + o];
    }
  }
  if (args.in == 0) return;
  // Rows per pass, which bounds the packed copies.
  constexpr std::int64_t kPass = 8192;
  for (std::int64_t first = 0; first < args.n_rows; first += kPass) {
    const std::int64_t depth = std::min(kPass, args.n_rows - first);
    if (uses_pairs(context, args.precision)) {
      add_weight_gradient_pairs(context, args, first, depth);
    } else {
      add_weight_gradient_f32(context, args, first, depth, args.precision == MatmulPrecision::kBF16);
    }
  }
}

}  // namespace matinee
