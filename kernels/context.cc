#include "kernels/context.h"

#include <algorithm>

#include "kernels/ops.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

// Alignment of what take() returns: a GPU reads rows that start at such an address in whole transactions.
constexpr std::size_t kAlignment = 256;
constexpr std::size_t kSmallestChunk = 1 << 20;

void require_all(const Ops& ops, Device device) {
  const char* name = first_missing(ops);
  if (name == nullptr) return;
  throw device_error("{}: this build has no version of {} for this device; use --device cpu", describe(device), name);
}

// Before the device is used, so that the error is the same with and without one.
std::shared_ptr<DeviceAllocator> memory_for(const Ops& ops, Device device) {
  require_all(ops, device);
  return open_allocator(device);
}

}  // namespace

Scratch::~Scratch() {
  for (const Chunk& chunk : chunks_) allocator_->release(chunk.start);
}

void* Scratch::take(std::size_t bytes) {
  bytes = (std::max<std::size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  needed_ = std::max(needed_, taken_ + bytes);
  const bool fits = chunks_.size() == 1 && bytes <= chunks_.front().size;
  if (taken_ == 0 && !fits && !allocator_->has_graphs()) join_chunks(std::max(needed_, kSmallestChunk));
  taken_ += bytes;
  while (chunk_ < chunks_.size() && bytes > chunks_[chunk_].size - used_) {
    ++chunk_;
    used_ = 0;
  }
  if (chunk_ == chunks_.size()) add_chunk(std::max(bytes, kSmallestChunk));
  used_ += bytes;
  return chunks_[chunk_].start + used_ - bytes;
}

void Scratch::add_chunk(std::size_t bytes) {
  ++allocations_;
  chunks_.push_back({static_cast<std::byte*>(allocator_->allocate(bytes)), bytes});
  peak_ = std::max(peak_, capacity());
}

// Nothing may be in use. Frees the old chunks first, as the new one may need their memory.
void Scratch::join_chunks(std::size_t bytes) {
  for (const Chunk& chunk : chunks_) allocator_->release(chunk.start);
  chunks_.clear();
  chunk_ = used_ = 0;
  add_chunk(bytes);
}

std::size_t Scratch::capacity() const {
  std::size_t sum = 0;
  for (const Chunk& chunk : chunks_) sum += chunk.size;
  return sum;
}

std::size_t Scratch::used() const {
  std::size_t sum = used_;
  for (std::size_t i = 0; i < chunk_; ++i) sum += chunks_[i].size;
  return sum;
}

Context::Context(ThreadPool& pool, Device device, IsaLevel isa)
    : Context(pool, device, isa, ops_of(device.kind), memory_for(ops_of(device.kind), device)) {}

Context::Context(ThreadPool& pool, Device device, IsaLevel isa, const Ops& ops,
                 std::shared_ptr<DeviceAllocator> allocator)
    : pool_(pool),
      device_(device),
      isa_(isa),
      ops_(&ops),
      allocator_(std::move(allocator)),
      scratch_(allocator_),
      worker_scratch_(static_cast<std::size_t>(pool.threads())) {
  require_all(ops, device);
}

std::size_t Context::scratch_bytes() const {
  std::size_t sum = scratch_.peak();
  for (const Scratch& scratch : worker_scratch_) sum += scratch.peak();
  return sum;
}

}  // namespace matinee
