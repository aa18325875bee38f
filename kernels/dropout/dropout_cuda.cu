// A thread decides about the eight elements of a Philox block, which are eight columns apart (lora_dropout.cc); eight
// consecutive threads access whole sectors of 32 bytes. Bound by memory: 8 bytes per element, 4 more each if y
// accumulates or the rest is written.

#include "kernels/cuda_ops.h"
#include "kernels/lora_matmul/lora_dropout_cuda.h"

namespace matinee {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kGroup = 64;  // columns of eight Philox blocks

__global__ void dropout_kernel(std::int64_t n_rows, std::int64_t width, LoraDropout dropout, std::uint32_t threshold,
                               const float* x, float* y, bool accumulate, float* rest) {
  const float factor = 1.0f / (1.0f - dropout.drop_probability);
  const std::int64_t blocks_of_row = (width + kGroup - 1) / kGroup * 8, all = n_rows * blocks_of_row;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; at < all; at += step) {
    const std::int64_t row = at / blocks_of_row, block = at % blocks_of_row;
    const lora::DropoutBits bits(dropout.key, dropout.first_row + row, static_cast<std::uint32_t>(block));
#pragma unroll
    for (int j = 0; j < 8; ++j) {
      const std::int64_t column = block / 8 * kGroup + 8 * j + block % 8;
      if (column >= width) continue;
      const std::int64_t i = row * width + column;
      const bool kept = bits.of(j) >= threshold;
      const float given = x[i], value = kept ? given * factor : 0.0f;
      y[i] = accumulate ? y[i] + value : value;
      if (rest != nullptr) rest[i] = given - value;
    }
  }
}

}  // namespace

void dropout_rows_cuda(Context& context, const DropoutArgs& args) {
  const CudaQueue& queue = queue_of(context);
  const std::int64_t all = args.n_rows * blocks_for(args.width, kGroup) * 8;
  launch(queue, dropout_kernel, queue.grid_for(all, kThreads), kThreads, 0, args.n_rows, args.width, args.dropout,
         lora_dropout_threshold(args.dropout), args.x, args.y, args.accumulate, args.rest);
}

}  // namespace matinee
