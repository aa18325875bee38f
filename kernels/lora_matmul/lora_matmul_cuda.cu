// The products of LoRA layers that share an x, by low_rank_product_cuda.h. Bytes that must move, with N rows of tokens:
// forward, x once, in bfloat16 if it is given so, and each y twice; backward, each grad_y once (one kernel computes
// grad_B and t = scaling·grad_y·B), x once, and grad_x twice. The A's of all parts are gathered into one matrix in the
// product's format, as are the t's; the rest is small. Sums over `in` and over the tokens are split into ranges, so
// that there are two blocks for each of an H100's 132 multiprocessors. The split depends on the sizes alone, and so do
// the bytes of the result. Up to four rows without dropout, as in decoding, go to gemv_cuda.cu. Speed: not measured.

#include <algorithm>

#include "kernels/context.h"
#include "kernels/cuda_ops.h"
#include "kernels/lora_matmul/lora_dropout.h"
#include "kernels/lora_matmul/low_rank_product_cuda.h"
#include "kernels/matmul/gemv_cuda.h"
#include "kernels/round_bf16/round_bf16.h"

namespace matinee {
namespace {

using lora::Rows;

constexpr std::int64_t kWantedBlocks = 264;
constexpr std::int64_t kStep = 64, kStepOfRank = 32;  // of sums over tokens or features; of sums over ranks
constexpr std::int64_t kShortestPart = 4 * kStep;
constexpr int kFewThreads = 128;

// Converts to T: float, or bfloat16 as bits.
__device__ void store_number(float* to, float value) { *to = value; }
__device__ void store_number(std::uint16_t* to, float value) { *to = bf16_of_float(value); }

// The columns [begin, begin + rank) of each part on the narrow side.
struct Layout {
  int n_parts = 0;
  std::int64_t begin[lora::kMaxRuns] = {}, rank[lora::kMaxRuns] = {};
  std::int64_t width = 0;

  std::int64_t padded(int part) const { return blocks_for(rank[part], lora::kPiece) * lora::kPiece; }
};

// The A's of all parts, [rank, width].
struct Factors {
  const float* from[lora::kMaxRuns] = {};
  Layout rows = {};
};
// Stacks the factors in to [rows.width, stride], with zeros between them and past their width. A thread converts every
// element of its grid stride.
template <class T>
__global__ void __launch_bounds__(lora::kThreads)
    stack_kernel(Factors factors, std::int64_t width, std::int64_t stride, T* __restrict__ to) {
  const std::int64_t n = factors.rows.width * stride, step = static_cast<std::int64_t>(gridDim.x) * lora::kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * lora::kThreads + threadIdx.x; i < n; i += step) {
    const std::int64_t row = i / stride, column = i % stride;
    const float* from = factors.from[0];
    std::int64_t begin = 0, rank = factors.rows.rank[0];
#pragma unroll
    for (int part = 1; part < lora::kMaxRuns; ++part) {
      if (part >= factors.rows.n_parts || factors.rows.begin[part] > row) continue;
      from = factors.from[part];
      begin = factors.rows.begin[part];
      rank = factors.rows.rank[part];
    }
    const std::int64_t r = row - begin;
    const bool there = r < rank && column < width;
    store_number(to + i, there ? from[r * width + column] : 0.0f);
  }
}

// to [rows, width], rows to_ld apart, = or += factor·(the parts of a sum [rows, width_of_sums], rows ld apart, in
// order); 0 past width_of_sums.
template <class T>
struct SumOfParts {
  const float* from = nullptr;
  std::int64_t ld = 0, n_parts = 0, part_size = 0;
  std::int64_t rows = 0, width = 0, width_of_sums = 0, to_ld = 0;
  float factor = 1;
  T* to = nullptr;

  // Of the parts of a product's c from element `first` on.
  void set_from(const lora::LowRankProduct& p, std::int64_t first, std::int64_t row_stride) {
    from = p.c + first;
    ld = row_stride;
    n_parts = p.n_parts();
    part_size = p.c_part;
  }
  void set_to(T* matrix, std::int64_t n_rows, std::int64_t n_columns, float scale) {
    to = matrix;
    rows = n_rows;
    width = width_of_sums = to_ld = n_columns;
    factor = scale;
  }
};
// Several, computed one after another by the same threads, since some may add to the same matrix.
template <class T>
struct SumsOfParts {
  int n = 0;
  SumOfParts<T> sums[lora::kMaxRuns] = {};
};
template <class T, bool kAdd>
__global__ void __launch_bounds__(lora::kThreads) add_parts_kernel(SumsOfParts<T> all) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * lora::kThreads;
  for (int which = 0; which < all.n; ++which) {
    const SumOfParts<T>& s = all.sums[which];
    const std::int64_t n = s.rows * s.width;
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * lora::kThreads + threadIdx.x; i < n; i += step) {
      const std::int64_t row = i / s.width, column = i % s.width;
      const float* from = s.from + row * s.ld + column;
      const std::int64_t n_parts = column < s.width_of_sums ? s.n_parts : 0;
      float sum = 0;
#pragma unroll 8
      for (std::int64_t part = 0; part < n_parts; ++part) sum += from[part * s.part_size];
      T* to = s.to + row * s.to_ld + column;
      if constexpr (kAdd) {
        *to += s.factor * sum;
      } else {
        store_number(to, s.factor * sum);
      }
    }
  }
}
template <bool kAdd, class T>
void add_parts(const CudaQueue& queue, const SumsOfParts<T>& all) {
  std::int64_t most = 0;
  for (int i = 0; i < all.n; ++i) most = std::max(most, all.sums[i].rows * all.sums[i].width);
  if (most == 0) return;
  launch(queue, add_parts_kernel<T, kAdd>, queue.grid_for(most, lora::kThreads), lora::kThreads, 0, all);
}

// y += scaling·xa·Bᵀ for up to kGemvRows rows; a thread computes one column of y.
__global__ void __launch_bounds__(kFewThreads)
    add_few_rows_kernel(int n_rows, std::int64_t out, std::int64_t rank, const float* __restrict__ xa,
                        const float* __restrict__ lora_B, float scaling, float* __restrict__ y, bool aligned) {
  const std::int64_t o = static_cast<std::int64_t>(blockIdx.x) * kFewThreads + threadIdx.x;
  if (o >= out) return;
  float sum[kGemvRows] = {};
  for (std::int64_t k = 0; k < rank; k += 4) {
    float b[4];
    load_four(b, lora_B + o * rank + k, rank - k, aligned);
#pragma unroll
    for (int row = 0; row < kGemvRows; ++row) {
      if (row >= n_rows) continue;
#pragma unroll
      for (int i = 0; i < 4; ++i) sum[row] += k + i < rank ? b[i] * xa[row * rank + k + i] : 0.0f;
    }
  }
#pragma unroll
  for (int row = 0; row < kGemvRows; ++row) {
    if (row < n_rows) y[row * out + o] += scaling * sum[row];
  }
}

template <class T>
constexpr bool kIsBf16 = sizeof(T) == 2;

// An operand whose rows are `ld` elements apart.
template <class T>
lora::Operand operand(const T* data, std::int64_t outer, std::int64_t ld) {
  return {.data = data, .outer = outer, .ld = ld, .aligned = rows_aligned(data, ld, sizeof(T), 16)};
}

lora::Dropout dropout_of(const LoraDropout& dropout) {
  return {.drops = dropout.drop_probability > 0,
          .threshold = lora_dropout_threshold(dropout),
          .factor = 1.0f / (1.0f - dropout.drop_probability),
          .key = dropout.key,
          .first_row = dropout.first_row};
}

template <class Part>
Layout layout_of(const LoraParts<Part>& parts) {
  Layout layout;
  for (const Part& part : parts) {
    layout.begin[layout.n_parts] = layout.width;
    layout.rank[layout.n_parts] = part.rank;
    layout.width += layout.padded(layout.n_parts++);
  }
  return layout;
}

// Consecutive parts with the same mask are one run.
template <class Part>
void set_runs(lora::LowRankProduct& p, const LoraParts<Part>& parts, const Layout& layout) {
  p.n_runs = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 && same_mask(parts[i].dropout, parts[i - 1].dropout)) continue;
    p.runs[p.n_runs++] = {layout.begin[i], dropout_of(parts[i].dropout)};
  }
}

// The A's of all parts as one matrix [layout.width, in] in the product's format.
template <class T, class Part>
lora::Operand stack_A(Context& context, const LoraParts<Part>& parts, const Layout& layout, std::int64_t in,
                      std::int64_t outer) {
  const CudaQueue& queue = queue_of(context);
  const std::int64_t stride = bf16_stride(in), n = layout.width * stride;
  auto* all = context.scratch().take_array<T>(static_cast<std::size_t>(n));
  Factors factors{.rows = layout};
  for (std::size_t i = 0; i < parts.size(); ++i) factors.from[i] = parts[i].lora_A;
  if (n > 0)
    launch(queue, stack_kernel<T>, queue.grid_for(n, lora::kThreads), lora::kThreads, 0, factors, in, stride, all);
  return operand(all, outer, stride);
}

template <class Tile, bool kAdd>
void run(const CudaQueue& queue, const lora::LowRankProduct& p) {
  const std::int64_t tiles = blocks_for(p.a.outer, lora::kM) * blocks_for(p.b.outer, Tile::kN);
  launch(queue, lora::product_kernel<Tile, kAdd>,
         dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(p.n_parts())), lora::kThreads, Tile::kSharedBytes, p);
}

// Takes scratch memory for the parts of a sum, each [a.outer, b.outer] or, with `turned`, its transpose.
void take_parts(Context& context, lora::LowRankProduct& p, bool turned) {
  const std::int64_t n = p.a.outer * p.b.outer;
  p.c = context.scratch().take_array<float>(static_cast<std::size_t>(p.n_parts() * n));
  p.c_part = n;
  p.c_m = turned ? 1 : p.b.outer;
  p.c_n = turned ? p.a.outer : 1;
  p.c_pairs = !turned && p.b.outer % 2 == 0;
}

bool is_narrow(std::int64_t width) { return width <= 16; }
template <class T>
constexpr int kWide = kIsBf16<T> ? 64 : 32;

// A product whose n are the ranks, split into parts.
template <class T, class TA, Rows kA, Rows kB>
void multiply_narrow(Context& context, lora::LowRankProduct& p, bool turned) {
  const CudaQueue& queue = queue_of(context);
  const bool narrow = is_narrow(p.b.outer);
  const std::int64_t tiles = blocks_for(p.a.outer, lora::kM) * blocks_for(p.b.outer, narrow ? 16 : kWide<T>);
  const std::int64_t most = std::max<std::int64_t>(1, p.inner / kShortestPart);
  const std::int64_t wanted = std::clamp<std::int64_t>(blocks_for(kWantedBlocks, tiles), 1, most);
  p.inner_of_part = std::max<std::int64_t>(1, blocks_for(blocks_for(p.inner, wanted), kStep)) * kStep;
  take_parts(context, p, turned);
  if (narrow) {
    run<lora::Tiles<kIsBf16<T>, 16, kStep, TA, kA, T, kB>, false>(queue, p);
  } else {
    run<lora::Tiles<kIsBf16<T>, kWide<T>, kStep, TA, kA, T, kB>, false>(queue, p);
  }
}

template <class T, int kN>
void run_both(const CudaQueue& queue, const lora::LowRankProduct& along, const lora::LowRankProduct& across) {
  using Along = lora::Tiles<kIsBf16<T>, kN, kStep, float, Rows::kAlongSum, float, Rows::kAcrossSum>;
  using Across = lora::Tiles<kIsBf16<T>, kN, kStep, float, Rows::kAcrossSum, float, Rows::kAcrossSum>;
  const std::int64_t squares = blocks_for(along.a.outer, lora::kSquare) * blocks_for(along.inner, lora::kSquare);
  const std::int64_t blocks = squares * 2 * (lora::kSquare / lora::kM) * blocks_for(along.b.outer, kN);
  launch(queue, lora::both_products_kernel<Along, Across>, static_cast<unsigned>(blocks), lora::kThreads,
         std::max(Along::kSharedBytes, Across::kSharedBytes), along, across);
}

// t = scaling·grad_y·B, in this part's columns of a matrix [n_rows, layout.width];  grad_B += scaling·grad_yᵀ·xa
template <class T>
void multiply_grad_y(Context& context, std::int64_t n_rows, const LoraBackwardPart& part, const Layout& layout,
                     int number, T* t) {
  const CudaQueue& queue = queue_of(context);
  const ScratchScope scope(context.scratch());
  SumsOfParts<T> sum_of_t{.n = 1};
  sum_of_t.sums[0].set_to(t + layout.begin[number], n_rows, part.rank, part.scaling);
  sum_of_t.sums[0].width = layout.padded(number);
  sum_of_t.sums[0].to_ld = layout.width;
  if (part.out == 0) return add_parts<false>(queue, sum_of_t);
  lora::LowRankProduct along{.a = operand(part.grad_y, n_rows, part.out),
                             .b = operand(part.lora_B, part.rank, part.rank),
                             .inner = part.out,
                             .inner_of_part = lora::kSquare};
  lora::LowRankProduct across{.a = operand(part.grad_y, part.out, part.out),
                              .b = operand(part.xa, part.rank, part.rank),
                              .inner = n_rows,
                              .inner_of_part = lora::kSquare};
  take_parts(context, along, false);
  take_parts(context, across, false);
  sum_of_t.sums[0].set_from(along, 0, part.rank);
  SumsOfParts<float> sum_of_B{.n = 1};
  sum_of_B.sums[0].set_from(across, 0, part.rank);
  sum_of_B.sums[0].set_to(part.grad_B, part.out, part.rank, part.scaling);
  is_narrow(part.rank) ? run_both<T, 16>(queue, along, across) : run_both<T, kWide<T>>(queue, along, across);
  add_parts<false>(queue, sum_of_t);
  add_parts<true>(queue, sum_of_B);
}

// c [a.outer, b.outer] += scaling·product, a sum over the ranks.
template <class T, class TFactors, Rows kB>
void add_wide(Context& context, lora::LowRankProduct p, float* c) {
  p.inner_of_part = blocks_for(p.inner, kStepOfRank) * kStepOfRank;
  p.c = c;
  p.c_m = p.b.outer;
  p.c_n = 1;
  p.c_pairs = rows_aligned(c, p.b.outer, 4, 8);
  run<lora::Tiles<kIsBf16<T>, 64, kStepOfRank, TFactors, Rows::kAlongSum, TFactors, kB>, true>(queue_of(context), p);
}

// T: float, or std::uint16_t for bfloat16, which the products multiply.
template <class T>
void forward(Context& context, const LoraMatmulArgs& args) {
  const Layout layout = layout_of(args.parts);
  {
    // xa = drop(x)·Aᵀ
    const ScratchScope scope(context.scratch());
    lora::LowRankProduct down{.b = stack_A<T>(context, args.parts, layout, args.in, layout.width), .inner = args.in};
    set_runs(down, args.parts, layout);
    if (kIsBf16<T> && args.x_bf16 != nullptr) {
      down.a = operand(reinterpret_cast<const T*>(args.x_bf16), args.n_rows, bf16_stride(args.in));
      multiply_narrow<T, T, Rows::kAlongSum, Rows::kAlongSum>(context, down, false);
    } else {
      down.a = operand(args.x, args.n_rows, args.in);
      multiply_narrow<T, float, Rows::kAlongSum, Rows::kAlongSum>(context, down, false);
    }
    SumsOfParts<float> sums{.n = layout.n_parts};
    for (std::size_t i = 0; i < args.parts.size(); ++i) {
      const LoraPart& part = args.parts[i];
      sums.sums[i].set_from(down, layout.begin[i], layout.width);
      sums.sums[i].set_to(part.xa, args.n_rows, part.rank, dropout_of(part.dropout).factor);
    }
    add_parts<false>(queue_of(context), sums);
  }
  // y += scaling·xa·Bᵀ
  for (const LoraPart& part : args.parts) {
    if (part.out == 0) continue;
    const lora::LowRankProduct up{.a = operand(part.xa, args.n_rows, part.rank),
                                  .b = operand(part.lora_B, part.out, part.rank),
                                  .inner = part.rank,
                                  .scaling = part.scaling};
    add_wide<T, float, Rows::kAlongSum>(context, up, part.y);
  }
}

void forward_few_rows(Context& context, const LoraMatmulArgs& args) {
  const CudaQueue& queue = queue_of(context);
  for (const LoraPart& part : args.parts) {
    gemv(queue, {.n_rows = args.n_rows,
                 .in = args.in,
                 .out = part.rank,
                 .x = args.x,
                 .weight = {part.lora_A, WeightFormat::kF32},
                 .y = part.xa});
    if (part.out == 0) continue;
    launch(queue, add_few_rows_kernel, static_cast<unsigned>(blocks_for(part.out, kFewThreads)), kFewThreads, 0,
           args.n_rows, part.out, part.rank, part.xa, part.lora_B, part.scaling, part.y,
           rows_aligned(part.lora_B, part.rank, 4, 16));
  }
}

template <class T>
void backward(Context& context, const LoraMatmulBackwardArgs& args) {
  const ScratchScope scope(context.scratch());
  const Layout layout = layout_of(args.parts);
  auto* t = context.scratch().take_array<T>(static_cast<std::size_t>(args.n_rows * layout.width));
  for (std::size_t i = 0; i < args.parts.size(); ++i)
    multiply_grad_y(context, args.n_rows, args.parts[i], layout, static_cast<int>(i), t);
  if (args.in == 0) return;
  {
    // grad_Aᵀ += drop(x)ᵀ·t
    const ScratchScope scope_of_A(context.scratch());
    lora::LowRankProduct grad_A{
        .a = operand(args.x, args.in, args.in), .b = operand(t, layout.width, layout.width), .inner = args.n_rows};
    set_runs(grad_A, args.parts, layout);
    multiply_narrow<T, float, Rows::kAcrossSum, Rows::kAcrossSum>(context, grad_A, true);
    SumsOfParts<float> sums{.n = layout.n_parts};
    for (std::size_t i = 0; i < args.parts.size(); ++i) {
      const LoraBackwardPart& part = args.parts[i];
      sums.sums[i].set_from(grad_A, layout.begin[i] * args.in, args.in);
      sums.sums[i].set_to(part.grad_A, part.rank, args.in, dropout_of(part.dropout).factor);
    }
    add_parts<true>(queue_of(context), sums);
  }
  if (args.grad_x == nullptr) return;
  // grad_x += drop'(t·A)
  lora::LowRankProduct grad_x{.a = operand(t, args.n_rows, layout.width),
                              .b = stack_A<T>(context, args.parts, layout, args.in, args.in),
                              .inner = layout.width};
  set_runs(grad_x, args.parts, layout);
  add_wide<T, T, Rows::kAcrossSum>(context, grad_x, args.grad_x);
}

}  // namespace

void lora_matmul_forward_cuda(Context& context, const LoraMatmulArgs& args) {
  const bool drops = std::any_of(args.parts.begin(), args.parts.end(),
                                 [](const LoraPart& part) { return part.dropout.drop_probability > 0; });
  if (args.n_rows <= kGemvRows && args.in > 0 && !drops) return forward_few_rows(context, args);
  args.precision == MatmulPrecision::kBF16 ? forward<std::uint16_t>(context, args) : forward<float>(context, args);
}

void lora_matmul_backward_cuda(Context& context, const LoraMatmulBackwardArgs& args) {
  args.precision == MatmulPrecision::kBF16 ? backward<std::uint16_t>(context, args) : backward<float>(context, args);
}

}  // namespace matinee
