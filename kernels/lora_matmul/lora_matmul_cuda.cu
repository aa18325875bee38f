// The products of a LoRA layer, by lora_product_cuda.h. Bytes that must move, with N rows of tokens, in float32:
// forward x once and y twice; backward grad_y once (grad_B and t = scaling·grad_y·B are one kernel's), x once, grad_x
// twice. The sums over `in` and over the tokens are cut into ranges so that two blocks for each of an H100's 132
// multiprocessors have work; how many depends on the sizes alone, and so do the bytes of the result. Up to four rows
// without dropout, which is decoding, stream A and B as other weights. Speed: not measured.

#include <algorithm>

#include "kernels/context.h"
#include "kernels/cuda_ops.h"
#include "kernels/lora_matmul/lora_dropout.h"
#include "kernels/lora_matmul/lora_product_cuda.h"
#include "kernels/matmul/gemv_cuda.h"

namespace matinee {
namespace {

using lora::Rows;

constexpr std::int64_t kWantedBlocks = 264;
constexpr std::int64_t kShortestPart = 4 * lora::kStep;
constexpr int kFewThreads = 128;

// c = or += scaling·(the parts, in order).
__global__ void __launch_bounds__(lora::kThreads)
    add_parts_kernel(std::int64_t n, std::int64_t n_parts, const float* __restrict__ parts, float scaling,
                     float* __restrict__ c, bool accumulate) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * lora::kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * lora::kThreads + threadIdx.x; i < n; i += step) {
    float sum = 0;
#pragma unroll 8
    for (std::int64_t part = 0; part < n_parts; ++part) sum += parts[part * n + i];
    c[i] = accumulate ? c[i] + scaling * sum : scaling * sum;
  }
}

// y += scaling·xa·Bᵀ for up to kGemvRows rows: a thread has one column of y.
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

template <bool kBf16, int kN, Rows kA, Rows kB, bool kAdd>
void run(const CudaQueue& queue, const lora::Product& p) {
  const std::int64_t tiles = blocks_for(p.outer_a, lora::kM) * blocks_for(p.outer_b, kN);
  const std::int64_t parts = std::max<std::int64_t>(1, blocks_for(p.inner, p.inner_of_part));
  launch(queue, lora::product_kernel<kBf16, kN, kA, kB, kAdd>,
         dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(parts)), lora::kThreads,
         lora::shared_bytes<kBf16, kN, kA, kB>(), p);
}

// An operand with rows of `width`.
void set_a(lora::Product& p, const float* a, std::int64_t width) {
  p.a = a;
  p.lda = width;
  p.a_aligned = rows_aligned(a, width, 4, 16);
}
void set_b(lora::Product& p, const float* b, std::int64_t width) {
  p.b = b;
  p.ldb = width;
  p.b_aligned = rows_aligned(b, width, 4, 16);
}

lora::Dropout dropout_of(const LoraDropout& dropout) {
  return {.drops = dropout.drop_probability > 0,
          .threshold = lora_dropout_threshold(dropout),
          .factor = 1.0f / (1.0f - dropout.drop_probability),
          .key = dropout.key,
          .first_row = dropout.first_row};
}

// Room for the parts of a sum, each of which is c, [outer_a, outer_b] or, with `turned`, the transpose.
std::int64_t set_parts(Context& context, lora::Product& p, bool turned) {
  const std::int64_t parts = std::max<std::int64_t>(1, blocks_for(p.inner, p.inner_of_part)), n = p.outer_a * p.outer_b;
  p.c = context.scratch().take_array<float>(static_cast<std::size_t>(parts * n));
  p.c_part = n;
  p.c_m = turned ? 1 : p.outer_b;
  p.c_n = turned ? p.outer_a : 1;
  p.c_pairs = !turned && p.outer_b % 2 == 0;
  return parts;
}

void add_parts(const CudaQueue& queue, const lora::Product& p, std::int64_t parts, float scaling, float* c,
               bool accumulate) {
  launch(queue, add_parts_kernel, queue.grid_for(p.c_part, lora::kThreads), lora::kThreads, 0, p.c_part, parts, p.c,
         scaling, c, accumulate);
}

bool is_narrow(std::int64_t rank) { return rank <= 16; }

// A product whose n is the rank. c = or += it, with `turned` its transpose.
template <Rows kA, Rows kB>
void multiply_narrow(Context& context, Product product, lora::Product p, bool turned, float* c, bool accumulate) {
  const CudaQueue& queue = queue_of(context);
  const ScratchScope scope(context.scratch());
  const bool bf16 = product == Product::kBF16, narrow = is_narrow(p.outer_b);
  const std::int64_t tiles = blocks_for(p.outer_a, lora::kM) * blocks_for(p.outer_b, narrow ? 16 : 64);
  const std::int64_t most = std::max<std::int64_t>(1, p.inner / kShortestPart);
  const std::int64_t wanted = std::clamp<std::int64_t>(blocks_for(kWantedBlocks, tiles), 1, most);
  p.inner_of_part = std::max<std::int64_t>(1, blocks_for(blocks_for(p.inner, wanted), lora::kStep)) * lora::kStep;
  const std::int64_t parts = set_parts(context, p, turned);
  if (narrow) {
    bf16 ? run<true, 16, kA, kB, false>(queue, p) : run<false, 16, kA, kB, false>(queue, p);
  } else {
    bf16 ? run<true, 64, kA, kB, false>(queue, p) : run<false, 64, kA, kB, false>(queue, p);
  }
  add_parts(queue, p, parts, 1, c, accumulate);
}

template <bool kBf16, int kN>
void run_both(const CudaQueue& queue, const lora::Product& along, const lora::Product& across) {
  const std::int64_t squares = blocks_for(along.outer_a, lora::kSquare) * blocks_for(along.inner, lora::kSquare);
  const std::int64_t blocks = squares * 2 * (lora::kSquare / lora::kM) * blocks_for(along.outer_b, kN);
  launch(queue, lora::both_products_kernel<kBf16, kN>, static_cast<unsigned>(blocks), lora::kThreads,
         lora::shared_bytes_of_both<kBf16, kN>(), along, across);
}

// t [n_rows, rank] = scaling·grad_y·B;  grad_B += scaling·grad_yᵀ·xa
void multiply_grad_y(Context& context, const LoraMatmulBackwardArgs& args, float* t) {
  const CudaQueue& queue = queue_of(context);
  const ScratchScope scope(context.scratch());
  lora::Product along{.outer_a = args.n_rows, .outer_b = args.rank, .inner = args.out, .inner_of_part = lora::kSquare};
  set_a(along, args.grad_y, args.out);
  set_b(along, args.lora_B, args.rank);
  lora::Product across{.outer_a = args.out, .outer_b = args.rank, .inner = args.n_rows, .inner_of_part = lora::kSquare};
  set_a(across, args.grad_y, args.out);
  set_b(across, args.xa, args.rank);
  const std::int64_t parts_of_t = set_parts(context, along, false), parts_of_B = set_parts(context, across, false);
  if (is_narrow(args.rank)) {
    args.product == Product::kBF16 ? run_both<true, 16>(queue, along, across)
                                   : run_both<false, 16>(queue, along, across);
  } else {
    args.product == Product::kBF16 ? run_both<true, 64>(queue, along, across)
                                   : run_both<false, 64>(queue, along, across);
  }
  add_parts(queue, along, parts_of_t, args.scaling, t, false);
  add_parts(queue, across, parts_of_B, args.scaling, args.grad_B, true);
}

// c [outer_a, outer_b] += scaling·product, the sum over the rank.
template <Rows kB>
void add_wide(Context& context, Product product, lora::Product p, float* c) {
  const CudaQueue& queue = queue_of(context);
  p.inner_of_part = blocks_for(p.inner, lora::kStep) * lora::kStep;
  p.c = c;
  p.c_m = p.outer_b;
  p.c_n = 1;
  p.c_pairs = rows_aligned(c, p.outer_b, 4, 8);
  product == Product::kBF16 ? run<true, 64, Rows::kAlongSum, kB, true>(queue, p)
                            : run<false, 64, Rows::kAlongSum, kB, true>(queue, p);
}

}  // namespace

void lora_matmul_forward_cuda(Context& context, const LoraMatmulArgs& args) {
  const CudaQueue& queue = queue_of(context);
  if (args.n_rows <= kGemvRows && args.in > 0 && args.dropout.drop_probability == 0) {
    gemv(queue, {.n_rows = args.n_rows,
                 .in = args.in,
                 .out = args.rank,
                 .x = args.x,
                 .weight = {args.lora_A, DType::kF32},
                 .y = args.xa});
    if (args.out == 0) return;
    launch(queue, add_few_rows_kernel, static_cast<unsigned>(blocks_for(args.out, kFewThreads)), kFewThreads, 0,
           args.n_rows, args.out, args.rank, args.xa, args.lora_B, args.scaling, args.y,
           rows_aligned(args.lora_B, args.rank, 4, 16));
    return;
  }
  // xa = drop(x)·Aᵀ
  lora::Product down{
      .outer_a = args.n_rows, .outer_b = args.rank, .inner = args.in, .dropout = dropout_of(args.dropout)};
  set_a(down, args.x, args.in);
  set_b(down, args.lora_A, args.in);
  multiply_narrow<Rows::kAlongSum, Rows::kAlongSum>(context, args.product, down, false, args.xa, false);
  if (args.out == 0) return;
  // y += scaling·xa·Bᵀ
  lora::Product up{.outer_a = args.n_rows, .outer_b = args.out, .inner = args.rank, .scaling = args.scaling};
  set_a(up, args.xa, args.rank);
  set_b(up, args.lora_B, args.rank);
  add_wide<Rows::kAlongSum>(context, args.product, up, args.y);
}

void lora_matmul_backward_cuda(Context& context, const LoraMatmulBackwardArgs& args) {
  if (args.out == 0) return;  // t is 0
  const ScratchScope scope(context.scratch());
  auto* t = context.scratch().take_array<float>(static_cast<std::size_t>(args.n_rows * args.rank));
  multiply_grad_y(context, args, t);
  if (args.in == 0) return;
  // grad_Aᵀ += drop(x)ᵀ·t
  lora::Product grad_A{
      .outer_a = args.in, .outer_b = args.rank, .inner = args.n_rows, .dropout = dropout_of(args.dropout)};
  set_a(grad_A, args.x, args.in);
  set_b(grad_A, t, args.rank);
  multiply_narrow<Rows::kAcrossSum, Rows::kAcrossSum>(context, args.product, grad_A, true, args.grad_A, true);
  if (args.grad_x == nullptr) return;
  // grad_x += drop'(t·A)
  lora::Product grad_x{
      .outer_a = args.n_rows, .outer_b = args.in, .inner = args.rank, .dropout = dropout_of(args.dropout)};
  set_a(grad_x, t, args.rank);
  set_b(grad_x, args.lora_A, args.in);
  add_wide<Rows::kAcrossSum>(context, args.product, grad_x, args.grad_x);
}

}  // namespace matinee
