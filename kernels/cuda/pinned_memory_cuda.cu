#include <cstring>
#include <string>

#include "kernels/cuda/pinned_memory.h"
#include "lib/base/error.h"

namespace matinee {

PinnedBytes allocate_pinned(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t status = cudaMallocHost(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    throw Error(ErrorCode::kResource,
                "out of memory: " + std::to_string(bytes >> 20) + " MiB of page-locked host memory are not available");
  }
  check_cuda(status, "allocating page-locked memory");
  return PinnedBytes(static_cast<std::byte*>(memory));
}

void* PinnedMemory::allocate(std::size_t bytes) {
  queue_->make_current();
  return allocate_pinned(bytes).release();
}

void PinnedMemory::release(void* memory) noexcept {
  cudaStreamSynchronize(queue_->stream());
  cudaFreeHost(memory);
}

// Operations that were issued before may still read what is overwritten.
void PinnedMemory::copy(void* to, const void* from, std::size_t bytes) {
  synchronize();
  if (bytes > 0) std::memcpy(to, from, bytes);
}

void PinnedMemory::zero(void* to, std::size_t bytes) {
  synchronize();
  if (bytes > 0) std::memset(to, 0, bytes);
}

PinnedOffload::PinnedOffload(std::shared_ptr<CudaQueue> queue, std::size_t count, std::size_t bytes)
    : queue_(std::move(queue)),
      bytes_(bytes),
      memory_((queue_->make_current(), allocate_pinned(count * bytes))),
      copies_(*queue_, SideStream::Priority::kDefault),
      copied_(count) {}

PinnedOffload::~PinnedOffload() { cudaStreamSynchronize(copies_.get()); }

void PinnedOffload::start_copy(std::size_t index, void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  copies_.follow_queue();
  check_cuda(cudaMemcpyAsync(to, from, bytes, kind, copies_.get()), "copying beside the operations");
  copied_[index].record(copies_.get());
}

void PinnedOffload::put(std::size_t index, const void* from, std::size_t bytes) {
  start_copy(index, array(index), from, bytes, cudaMemcpyDeviceToHost);
}

void PinnedOffload::fetch(std::size_t index, void* to, std::size_t bytes) {
  start_copy(index, to, array(index), bytes, cudaMemcpyHostToDevice);
}

void PinnedOffload::wait(std::size_t index) {
  queue_->make_current();
  copied_[index].hold_back(queue_->stream());
}

}  // namespace matinee
