#pragma once

#include "kernels/cuda/cuda_event.h"
#include "kernels/cuda/cuda_queue.h"
#include "kernels/cuda/cuda_stream.h"

namespace matinee {

/// A stream whose copies or sums run concurrently with the operations of a queue, which must outlive it.
class SideStream {
 public:
  enum class Priority : std::uint8_t { kDefault, kHighest };

  SideStream(const CudaQueue& queue, Priority priority)
      : queue_(queue), stream_(priority == Priority::kDefault ? 0 : highest_priority(queue)) {}

  cudaStream_t get() const { return stream_.get(); }
  /// What this stream is given from now on runs after what the queue was given so far. Makes the queue's device
  /// current.
  void follow_queue() {
    queue_.make_current();
    issued_.record(queue_.stream());
    issued_.hold_back(stream_.get());
  }

 private:
  static int highest_priority(const CudaQueue& queue) {
    queue.make_current();
    int lowest = 0, highest = 0;
    check_cuda(cudaDeviceGetStreamPriorityRange(&lowest, &highest), "querying the priorities of streams");
    return highest;
  }

  const CudaQueue& queue_;
  CudaStream stream_;
  CudaEvent issued_;
};

}  // namespace matinee
