// A block has 32 columns with 32 threads each: thread y sums parts y, y + 32, ..., then the first thread of a column
// adds the 32 sums in order. Bound by memory: 4 bytes per element of the parts, which are a few hundred rows.

#include "kernels/cuda/rows.h"

namespace matinee {
namespace {

constexpr int kColumns = 32, kSums = 32;

__global__ void __launch_bounds__(kColumns* kSums)
    add_parts_kernel(const float* parts, std::int64_t n_parts, std::int64_t width, float* to) {
  __shared__ float sums[kSums][kColumns];
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * kColumns + threadIdx.x;
  float sum = 0;
  if (column < width) {
    for (std::int64_t part = threadIdx.y; part < n_parts; part += kSums) sum += parts[part * width + column];
  }
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= width) return;
  for (int i = 1; i < kSums; ++i) sum += sums[i][threadIdx.x];
  to[column] += sum;
}

}  // namespace

void add_parts(const CudaQueue& queue, const float* parts, std::int64_t n_parts, std::int64_t width, float* to) {
  launch(queue, add_parts_kernel, static_cast<unsigned>(blocks_for(width, kColumns)), dim3(kColumns, kSums), 0, parts,
         n_parts, width, to);
}

}  // namespace matinee
