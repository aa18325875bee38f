// The products of a LoRA layer, by lora_product_cuda.h. Bytes that must move, with N rows of tokens, in float32:
// forward x once and y twice; backward grad_y twice (for grad_B, and for t = scaling·grad_y·B), x once, grad_x twice.
// The sums over `in` and over the tokens are cut into ranges so that two blocks for each of an H100's 132
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

// A product whose n is the rank. c(m, n) lies at c[m·rank + n], or at c[n·outer_a + m] with `turned`.
template <Rows kA, Rows kB>
void multiply_narrow(Context& context, Product product, lora::Product p, bool turned, float scaling, float* c,
                     bool accumulate) {
  const CudaQueue& queue = queue_of(context);
  const ScratchScope scope(context.scratch());
  const bool bf16 = product == Product::kBF16, narrow = p.outer_b <= 16;
  const std::int64_t tiles = blocks_for(p.outer_a, lora::kM) * blocks_for(p.outer_b, narrow ? 16 : 64);
  const std::int64_t most = std::max<std::int64_t>(1, p.inner / kShortestPart);
  const std::int64_t wanted = std::clamp<std::int64_t>(blocks_for(kWantedBlocks, tiles), 1, most);
  p.inner_of_part = std::max<std::int64_t>(1, blocks_for(blocks_for(p.inner, wanted), lora::kStep)) * lora::kStep;
  const std::int64_t parts = std::max<std::int64_t>(1, blocks_for(p.inner, p.inner_of_part));
  const std::int64_t n = p.outer_a * p.outer_b;
  p.c = context.scratch().take_array<float>(static_cast<std::size_t>(parts * n));
  p.c_part = n;
  p.c_m = turned ? 1 : p.outer_b;
  p.c_n = turned ? p.outer_a : 1;
  p.c_pairs = !turned && p.outer_b % 2 == 0;
  if (narrow) {
    bf16 ? run<true, 16, kA, kB, false>(queue, p) : run<false, 16, kA, kB, false>(queue, p);
  } else {
    bf16 ? run<true, 64, kA, kB, false>(queue, p) : run<false, 64, kA, kB, false>(queue, p);
  }
  launch(queue, add_parts_kernel, queue.grid_for(n, lora::kThreads), lora::kThreads, 0, n, parts, p.c, scaling, c,
         accumulate);
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
  multiply_narrow<Rows::kAlongSum, Rows::kAlongSum>(context, args.product, down, false, 1, args.xa, false);
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
  // grad_B += scaling·grad_yᵀ·xa
  lora::Product grad_B{.outer_a = args.out, .outer_b = args.rank, .inner = args.n_rows};
  set_a(grad_B, args.grad_y, args.out);
  set_b(grad_B, args.xa, args.rank);
  multiply_narrow<Rows::kAcrossSum, Rows::kAcrossSum>(context, args.product, grad_B, false, args.scaling, args.grad_B,
                                                      true);
  if (args.in == 0) return;
  // t = scaling·grad_y·B
  auto* t = context.scratch().take_array<float>(static_cast<std::size_t>(args.n_rows * args.rank));
  lora::Product back{.outer_a = args.n_rows, .outer_b = args.rank, .inner = args.out};
  set_a(back, args.grad_y, args.out);
  set_b(back, args.lora_B, args.rank);
  multiply_narrow<Rows::kAlongSum, Rows::kAcrossSum>(context, args.product, back, false, args.scaling, t, false);
  // grad_Aᵀ += drop(x)ᵀ·t
  lora::Product grad_A{
      .outer_a = args.in, .outer_b = args.rank, .inner = args.n_rows, .dropout = dropout_of(args.dropout)};
  set_a(grad_A, args.x, args.in);
  set_b(grad_A, t, args.rank);
  multiply_narrow<Rows::kAcrossSum, Rows::kAcrossSum>(context, args.product, grad_A, true, 1, args.grad_A, true);
  if (args.grad_x == nullptr) return;
  // grad_x += drop'(t·A)
  lora::Product grad_x{
      .outer_a = args.n_rows, .outer_b = args.in, .inner = args.rank, .dropout = dropout_of(args.dropout)};
  set_a(grad_x, t, args.rank);
  set_b(grad_x, args.lora_A, args.in);
  add_wide<Rows::kAcrossSum>(context, args.product, grad_x, args.grad_x);
}

}  // namespace matinee
