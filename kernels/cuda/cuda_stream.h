#pragma once

#include <cuda_runtime_api.h>

#include "kernels/cuda/cuda_error.h"

namespace matinee {

/// Owns a CUDA stream of the current device that does not synchronize with the default stream. The destructor does not
/// wait for its work.
class CudaStream {
 public:
  CudaStream() { check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "creating a stream"); }
  /// Lower numbers go first; 0 is the default.
  explicit CudaStream(int priority) {
    check_cuda(cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking, priority), "creating a stream");
  }
  ~CudaStream() { cudaStreamDestroy(stream_); }
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;

  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace matinee
