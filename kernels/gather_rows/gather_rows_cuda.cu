// A block has every gridDim.x-th row, its threads consecutive elements. Bound by memory: 8 bytes per element.

#include "kernels/cuda/device_code.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMaxBlocks = 65535;

__global__ void gather_kernel(std::int64_t n_rows, std::int64_t width, const std::int32_t* __restrict__ rows,
                              const float* __restrict__ x, float* __restrict__ y) {
  for (std::int64_t row = blockIdx.x; row < n_rows; row += gridDim.x) {
    const float* from = x + rows[row] * width;
    for (std::int64_t i = threadIdx.x; i < width; i += kThreads) y[row * width + i] = from[i];
  }
}

// `rows` is ascending, so the row of x that belongs to a row of y is found by bisection.
__global__ void scatter_kernel(std::int64_t n_rows, std::int64_t n_all, std::int64_t width,
                               const std::int32_t* __restrict__ rows, const float* __restrict__ x,
                               float* __restrict__ y) {
  for (std::int64_t row = blockIdx.x; row < n_all; row += gridDim.x) {
    std::int64_t begin = 0, end = n_rows;
    while (begin < end) {
      const std::int64_t middle = (begin + end) / 2;
      if (rows[middle] < row) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    const bool given = begin < n_rows && rows[begin] == row;
    for (std::int64_t i = threadIdx.x; i < width; i += kThreads)
      y[row * width + i] = given ? x[begin * width + i] : 0.0f;
  }
}

unsigned blocks(std::int64_t n_rows) { return static_cast<unsigned>(n_rows < kMaxBlocks ? n_rows : kMaxBlocks); }

}  // namespace

void gather_rows_cuda(Context& context, const GatherRowsArgs& args) {
  launch(queue_of(context), gather_kernel, blocks(args.n_rows), kThreads, 0, args.n_rows, args.width, args.rows, args.x,
         args.y);
}

void scatter_rows_cuda(Context& context, const ScatterRowsArgs& args) {
  launch(queue_of(context), scatter_kernel, blocks(args.n_all), kThreads, 0, args.n_rows, args.n_all, args.width,
         args.rows, args.x, args.y);
}

}  // namespace matinee
