#include "kernels/context.h"

#include <algorithm>

#include "kernels/ops.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

// Of what is handed out: a GPU reads rows that begin on such a border in whole transactions.
constexpr std::size_t kAlignment = 256;
constexpr std::size_t kSmallestChunk = 1 << 20;

}  // namespace

Scratch::~Scratch() {
  for (const Chunk& chunk : chunks_) memory_->release(chunk.start);
}

void* Scratch::take(std::size_t bytes) {
  bytes = (std::max<std::size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  while (chunk_ < chunks_.size()) {
    if (bytes <= chunks_[chunk_].size - used_) {
      std::byte* result = chunks_[chunk_].start + used_;
      used_ += bytes;
      return result;
    }
    ++chunk_;
    used_ = 0;
  }
  const std::size_t size = std::max({bytes, kSmallestChunk, capacity() / 2});
  auto* start = static_cast<std::byte*>(memory_->allocate(size));
  chunks_.push_back({start, size});
  used_ = bytes;
  return start;
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
      memory_(memory_of(device)),
      scratch_(memory_),
      worker_scratch_(static_cast<std::size_t>(pool.threads())) {}

std::size_t Context::scratch_bytes() const {
  std::size_t sum = scratch_.capacity();
  for (const Scratch& scratch : worker_scratch_) sum += scratch.capacity();
  return sum;
}

}  // namespace matinee
