#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/cuda/cuda_queue.h"
#include "kernels/cuda/pinned_bytes.h"
#include "kernels/cuda/side_stream.h"
#include "kernels/device_allocator.h"

namespace matinee {

/// Page-locked host memory, which operations of the device read over the bus at the host's addresses.
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

/// An ActivationOffload in page-locked memory. Copies run in a stream of their own.
class PinnedOffload final : public ActivationOffload {
 public:
  PinnedOffload(std::shared_ptr<CudaQueue> queue, std::size_t count, std::size_t bytes);
  ~PinnedOffload() override;
  PinnedOffload(const PinnedOffload&) = delete;
  PinnedOffload& operator=(const PinnedOffload&) = delete;

  void put(std::size_t index, const void* from, std::size_t bytes) override;
  void fetch(std::size_t index, void* to, std::size_t bytes) override;
  void wait(std::size_t index) override;

 private:
  void* array(std::size_t index) const { return memory_.get() + index * bytes_; }
  void start_copy(std::size_t index, void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind);

  std::shared_ptr<CudaQueue> queue_;
  std::size_t bytes_;  // of one array
  PinnedBytes memory_;
  SideStream copies_;
  std::vector<CudaEvent> copied_;  // by index
};

}  // namespace matinee
