#include "kernels/context.h"

#include <algorithm>
#include <new>

#include "kernels/ops.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kSmallestChunk = 1 << 20;

}  // namespace

void Scratch::Free::operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t{kAlignment}); }

void* Scratch::take(std::size_t bytes) {
  bytes = (std::max<std::size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  while (chunk_ < chunks_.size()) {
    if (bytes <= chunks_[chunk_].size - used_) {
      std::byte* result = chunks_[chunk_].memory.get() + used_;
      used_ += bytes;
      return result;
    }
    ++chunk_;
    used_ = 0;
  }
  const std::size_t size = std::max({bytes, kSmallestChunk, capacity() / 2});
  auto* memory = static_cast<std::byte*>(::operator new[](size, std::align_val_t{kAlignment}));
  chunks_.push_back({std::unique_ptr<std::byte, Free>(memory), size});
  used_ = bytes;
  return memory;
}

std::size_t Scratch::capacity() const {
  std::size_t sum = 0;
  for (const Chunk& chunk : chunks_) sum += chunk.size;
  return sum;
}

Context::Context(ThreadPool& pool, Device device, IsaLevel isa)
    : pool_(pool),
      device_(device),
      isa_(isa),
      ops_(&ops_of(device.kind)),
      worker_scratch_(static_cast<std::size_t>(pool.threads())) {
  if (const char* name = first_missing(*ops_)) {
    throw device_error("{}: this build has no version of {} for this device; use --device cpu", describe(device), name);
  }
}

std::size_t Context::scratch_bytes() const {
  std::size_t sum = scratch_.capacity();
  for (const Scratch& scratch : worker_scratch_) sum += scratch.capacity();
  return sum;
}

}  // namespace matinee
