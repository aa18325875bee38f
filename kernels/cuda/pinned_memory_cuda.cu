#include <cstring>
#include <string>
#include <utility>

#include "kernels/cuda/cuda_device.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/pinned_memory.h"
#include "lib/base/error.h"

namespace matinee {
namespace {

constexpr int kUsualPriority = 0;

void* pinned(const CudaQueue& queue, std::size_t bytes) {
  queue.make_current();
  void* memory = nullptr;
  const cudaError_t status = cudaMallocHost(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    throw Error(ErrorCode::kResource, "out of memory: " + std::to_string(bytes >> 20) +
                                          " MiB of the host's that stay in place (pinned) could not be had");
  }
  check_cuda(status, "pinned memory");
  return memory;
}

}  // namespace

void* PinnedMemory::allocate(std::size_t bytes) { return pinned(*queue_, bytes); }

void PinnedMemory::release(void* memory) noexcept {
  cudaStreamSynchronize(queue_->stream());
  cudaFreeHost(memory);
}

// Operations may still read what is overwritten.
void PinnedMemory::copy(void* to, const void* from, std::size_t bytes) {
  synchronize();
  if (bytes > 0) std::memcpy(to, from, bytes);
}

void PinnedMemory::zero(void* to, std::size_t bytes) {
  synchronize();
  if (bytes > 0) std::memset(to, 0, bytes);
}

PinnedOffload::PinnedOffload(std::shared_ptr<CudaQueue> queue, std::size_t places, std::size_t bytes)
    : queue_(std::move(queue)), bytes_(bytes), copied_(places) {
  try {
    memory_ = static_cast<std::byte*>(pinned(*queue_, places * bytes));
    check_cuda(cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking, kUsualPriority), "making a stream");
    check_cuda(cudaEventCreateWithFlags(&called_, cudaEventDisableTiming), "making an event");
    for (cudaEvent_t& event : copied_)
      check_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event");
  } catch (...) {
    clear();
    throw;
  }
}

PinnedOffload::~PinnedOffload() { clear(); }

void PinnedOffload::clear() noexcept {
  if (stream_ != nullptr) cudaStreamSynchronize(stream_);
  if (called_ != nullptr) cudaEventDestroy(called_);
  for (cudaEvent_t event : copied_) {
    if (event != nullptr) cudaEventDestroy(event);
  }
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
  if (memory_ != nullptr) cudaFreeHost(memory_);
}

void PinnedOffload::start_copy(std::size_t place, void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  queue_->make_current();
  check_cuda(cudaEventRecord(called_, queue_->stream()), "marking a place in a stream");
  check_cuda(cudaStreamWaitEvent(stream_, called_, 0), "waiting for a stream");
  check_cuda(cudaMemcpyAsync(to, from, bytes, kind, stream_), "a copy beside operations");
  check_cuda(cudaEventRecord(copied_[place], stream_), "marking a copy");
}

void PinnedOffload::put(std::size_t place, const void* from, std::size_t bytes) {
  start_copy(place, memory_of(place), from, bytes, cudaMemcpyDeviceToHost);
}

void PinnedOffload::fetch(std::size_t place, void* to, std::size_t bytes) {
  start_copy(place, to, memory_of(place), bytes, cudaMemcpyHostToDevice);
}

void PinnedOffload::wait(std::size_t place) {
  queue_->make_current();
  check_cuda(cudaStreamWaitEvent(queue_->stream(), copied_[place], 0), "waiting for a copy");
}

}  // namespace matinee
