#include "kernels/cuda/cuda_event.h"
#include "kernels/cuda/cuda_queue.h"
#include "kernels/cuda/device_timer.h"

namespace matinee {

double seconds_on_cuda(DeviceAllocator& allocator, const std::function<void()>& body) {
  const auto& queue = static_cast<const CudaQueue&>(allocator);
  queue.make_current();
  CudaEvent begin(0), end(0);
  begin.record(queue.stream());
  body();
  end.record(queue.stream());
  end.synchronize();
  float milliseconds = 0;
  check_cuda(cudaEventElapsedTime(&milliseconds, begin.get(), end.get()), "reading the clock");
  return 1e-3 * static_cast<double>(milliseconds);
}

}  // namespace matinee
