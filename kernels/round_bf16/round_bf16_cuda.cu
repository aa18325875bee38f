// A thread converts eight consecutive elements at a time. Bound by memory: 6 bytes per element. Speed: not measured.

#include "kernels/context.h"
#include "kernels/cuda/vector_access.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kPack = 8;

__global__ void __launch_bounds__(kThreads)
    round_kernel(std::int64_t n_packs, std::int64_t width, const float* __restrict__ x, std::uint16_t* __restrict__ y,
                 bool aligned, bool y_aligned) {
  const std::int64_t packs_of_row = (width + kPack - 1) / kPack;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < n_packs; i += step) {
    const std::int64_t row = i / packs_of_row, column = i % packs_of_row * kPack;
    const float* from = x + row * width + column;
    float low[4], high[4];
    load_four(low, from, width - column, aligned);
    load_four(high, from + 4, width - column - 4, aligned);
    const uint4 pack = make_uint4(bf16_pair(low[0], low[1]), bf16_pair(low[2], low[3]), bf16_pair(high[0], high[1]),
                                  bf16_pair(high[2], high[3]));
    std::uint16_t* to = y + i * kPack;
    if (y_aligned) {
      *reinterpret_cast<uint4*>(to) = pack;
      continue;
    }
    const unsigned words[4] = {pack.x, pack.y, pack.z, pack.w};
#pragma unroll
    for (int k = 0; k < 8; ++k) to[k] = static_cast<std::uint16_t>(words[k / 2] >> 16 * (k % 2));
  }
}

}  // namespace

void round_bf16_cuda(Context& context, const RoundBf16Args& args) {
  const CudaQueue& queue = queue_of(context);
  const std::int64_t n_packs = args.n_rows * (bf16_stride(args.width) / kPack);
  launch(queue, round_kernel, queue.grid_for(n_packs, kThreads), kThreads, 0, n_packs, args.width, args.x,
         reinterpret_cast<std::uint16_t*>(args.y), rows_aligned(args.x, args.width, 4, 16), is_aligned(args.y, 16));
}

}  // namespace matinee
