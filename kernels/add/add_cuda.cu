// A thread adds every element of its grid stride. Bound by memory: 12 bytes per element.

#include "kernels/cuda/device_code.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr int kThreads = 256;

__global__ void add_kernel(std::int64_t n, const float* x, float* y, float scale, bool accumulate) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < n; i += step)
    y[i] = scale * x[i] + (accumulate ? y[i] : 0.0f);
}

}  // namespace

void add_scaled_cuda(Context& context, const AddArgs& args) {
  const CudaQueue& queue = queue_of(context);
  launch(queue, add_kernel, queue.grid_for(args.n, kThreads), kThreads, 0, args.n, args.x, args.y, args.scale,
         args.accumulate);
}

}  // namespace matinee
