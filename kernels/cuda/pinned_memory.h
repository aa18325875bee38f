#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "kernels/cuda/cuda_queue.h"
#include "kernels/device_allocator.h"

namespace matinee {

/// Memory of the host's that stays where it is, so that the device reads it over the bus at the host's own addresses.
class PinnedMemory final : public DeviceAllocator {
 public:
  explicit PinnedMemory(std::shared_ptr<CudaQueue> queue) : queue_(std::move(queue)) {}

  bool is_host() const override { return true; }
  void* allocate(std::size_t bytes) override;
  void release(void* memory) noexcept override;
  void upload(void* to, const void* from, std::size_t bytes) override { copy(to, from, bytes); }
  void download(void* to, const void* from, std::size_t bytes) override { copy(to, from, bytes); }
  void copy(void* to, const void* from, std::size_t bytes) override;
  void zero(void* to, std::size_t bytes) override;
  void synchronize() override { queue_->synchronize(); }

 private:
  std::shared_ptr<CudaQueue> queue_;
};

/// A ActivationOffload in pinned memory, with a stream of its own for the copies.
class PinnedOffload final : public ActivationOffload {
 public:
  PinnedOffload(std::shared_ptr<CudaQueue> queue, std::size_t places, std::size_t bytes);
  ~PinnedOffload() override;
  PinnedOffload(const PinnedOffload&) = delete;
  PinnedOffload& operator=(const PinnedOffload&) = delete;

  void put(std::size_t place, const void* from, std::size_t bytes) override;
  void fetch(std::size_t place, void* to, std::size_t bytes) override;
  void wait(std::size_t place) override;

 private:
  void* memory_of(std::size_t place) const { return memory_ + place * bytes_; }
  void start_copy(std::size_t place, void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind);
  void clear() noexcept;

  std::shared_ptr<CudaQueue> queue_;
  std::size_t bytes_;
  std::byte* memory_ = nullptr;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t called_ = nullptr;     // what the queue was given before a copy
  std::vector<cudaEvent_t> copied_;  // by place
};

}  // namespace matinee
