#pragma once

#include <cuda_runtime_api.h>

#include "kernels/cuda/cuda_error.h"

namespace matinee {

/// Owns a CUDA event of the current device. Waiting for one that was never recorded returns at once.
class CudaEvent {
 public:
  /// `flags` 0 makes an event that elapsed time can be measured with, at some cost.
  explicit CudaEvent(unsigned flags = cudaEventDisableTiming) {
    check_cuda(cudaEventCreateWithFlags(&event_, flags), "creating an event");
  }
  ~CudaEvent() { cudaEventDestroy(event_); }
  CudaEvent(const CudaEvent&) = delete;
  CudaEvent& operator=(const CudaEvent&) = delete;

  cudaEvent_t get() const { return event_; }
  /// The event occurs when the stream has finished what it holds so far.
  void record(cudaStream_t stream) { check_cuda(cudaEventRecord(event_, stream), "recording an event"); }
  /// What `stream` is given from now on runs after the event; the host does not wait.
  void hold_back(cudaStream_t stream) const {
    check_cuda(cudaStreamWaitEvent(stream, event_, 0), "making a stream wait for an event");
  }
  /// The host waits.
  void synchronize() const { check_cuda(cudaEventSynchronize(event_), "waiting for an event"); }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace matinee
