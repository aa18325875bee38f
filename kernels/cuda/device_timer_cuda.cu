#include "kernels/cuda/device_code.h"
#include "kernels/cuda/device_timer.h"

namespace matinee {
namespace {

struct Event {
  cudaEvent_t event = nullptr;
  Event() { check_cuda(cudaEventCreateWithFlags(&event, 0), "making an event"); }
  ~Event() { cudaEventDestroy(event); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
};

}  // namespace

double seconds_on_cuda(DeviceAllocator& allocator, const std::function<void()>& body) {
  const auto& queue = static_cast<const CudaQueue&>(allocator);
  queue.make_current();
  const Event begin, end;
  check_cuda(cudaEventRecord(begin.event, queue.stream()), "starting the clock");
  body();
  check_cuda(cudaEventRecord(end.event, queue.stream()), "stopping the clock");
  check_cuda(cudaEventSynchronize(end.event), "waiting for the clock");
  float milliseconds = 0;
  check_cuda(cudaEventElapsedTime(&milliseconds, begin.event, end.event), "reading the clock");
  return 1e-3 * static_cast<double>(milliseconds);
}

}  // namespace matinee
