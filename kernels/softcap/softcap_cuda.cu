// A thread computes every element of its grid stride. Bound by memory: 8 bytes per element.

#include "kernels/cuda/device_code.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) softcap_kernel(std::int64_t n, float cap, float* __restrict__ x) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < n; i += step)
    x[i] = cap * tanhf(x[i] / cap);
}

}  // namespace

void softcap_cuda(Context& context, const SoftcapArgs& args) {
  const CudaQueue& queue = queue_of(context);
  launch(queue, softcap_kernel, queue.grid_for(args.n, kThreads), kThreads, 0, args.n, args.cap, args.x);
}

}  // namespace matinee
