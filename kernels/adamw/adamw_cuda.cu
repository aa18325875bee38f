// adamw_update: a thread has four consecutive elements at a time. Bound by memory: 28 bytes per element.
// squared_sum: a block sums 8,192 elements in float64, at half the rate of float32 on the devices it is meant for; a
// last block adds the blocks' sums. The order of additions depends on n alone. Bound by memory: 4 bytes per element.
// Speed: not measured.

#include "kernels/adamw/adamw_factors.h"
#include "kernels/context.h"
#include "kernels/cuda/vector_access.h"
#include "kernels/cuda/warp.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr int kThreads = 256;
constexpr int kSquareSteps = 8;
constexpr std::int64_t kSquareBlock = 4 * kThreads * kSquareSteps;
constexpr int kFinalThreads = 512;

__global__ void __launch_bounds__(kThreads)
    adamw_kernel(std::int64_t n, float* __restrict__ param, const float* __restrict__ grad, float* __restrict__ m,
                 float* __restrict__ v, AdamWFactors f, bool aligned) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads * 4;
  for (std::int64_t i = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * 4; i < n; i += step) {
    float p[4], g[4], first[4], second[4];
    load_four(p, param + i, n - i, aligned);
    load_four(g, grad + i, n - i, aligned);
    load_four(first, m + i, n - i, aligned);
    load_four(second, v + i, n - i, aligned);
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const float scaled = f.grad_scale * g[k];
      first[k] = f.beta1 * first[k] + f.rest1 * scaled;
      second[k] = f.beta2 * second[k] + f.rest2 * scaled * scaled;
      p[k] = f.decay * p[k] - f.rate * first[k] / (sqrtf(second[k] * f.second_correction) + f.eps);
    }
    store_four(param + i, p, n - i, aligned);
    store_four(m + i, first, n - i, aligned);
    store_four(v + i, second, n - i, aligned);
  }
}

__global__ void __launch_bounds__(kThreads)
    square_kernel(std::int64_t n, const float* __restrict__ x, double* __restrict__ parts, bool aligned) {
  __shared__ double room[kThreads / kWarpSize];
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kSquareBlock + threadIdx.x * 4;
  float values[kSquareSteps][4];
#pragma unroll
  for (int step = 0; step < kSquareSteps; ++step) {
    const std::int64_t i = first + step * 4 * kThreads;
    load_four(values[step], x + i, n - i, aligned);
  }
  double sum[4] = {};
#pragma unroll
  for (int step = 0; step < kSquareSteps; ++step) {
#pragma unroll
    for (int k = 0; k < 4; ++k) sum[k] += static_cast<double>(values[step][k]) * static_cast<double>(values[step][k]);
  }
  const double total = block_sum<kThreads>((sum[0] + sum[2]) + (sum[1] + sum[3]), room);
  if (threadIdx.x == 0) parts[blockIdx.x] = total;
}

__global__ void __launch_bounds__(kFinalThreads)
    add_parts_kernel(std::int64_t n_parts, const double* __restrict__ parts, double* __restrict__ to) {
  __shared__ double room[kFinalThreads / kWarpSize];
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < n_parts; i += kFinalThreads) sum += parts[i];
  const double total = block_sum<kFinalThreads>(sum, room);
  if (threadIdx.x == 0) *to += total;
}

}  // namespace

void adamw_update_cuda(Context& context, const AdamWArgs& args) {
  const CudaQueue& queue = queue_of(context);
  const AdamWFactors factors(args);
  const bool aligned =
      is_aligned(args.param, 16) && is_aligned(args.grad, 16) && is_aligned(args.m, 16) && is_aligned(args.v, 16);
  launch(queue, adamw_kernel, queue.grid_for(blocks_for(args.n, 4), kThreads), kThreads, 0, args.n, args.param,
         args.grad, args.m, args.v, factors, aligned);
}

void squared_sum_cuda(Context& context, const SquaredSumArgs& args) {
  const CudaQueue& queue = queue_of(context);
  const ScratchScope scope(context.scratch());
  const std::int64_t n_parts = blocks_for(args.n, kSquareBlock);
  auto* parts = context.scratch().take_array<double>(static_cast<std::size_t>(n_parts));
  launch(queue, square_kernel, static_cast<unsigned>(n_parts), kThreads, 0, args.n, args.x, parts,
         is_aligned(args.x, 16));
  launch(queue, add_parts_kernel, 1, kFinalThreads, 0, n_parts, parts, args.sum);
}

}  // namespace matinee
