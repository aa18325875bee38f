#include "tests/emulation/device_arena.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <new>

namespace matinee::emulation {
namespace {

constexpr std::size_t kAlignment = 256;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kReturnedFrom = 64 * kPage;

}  // namespace

DeviceArena& DeviceArena::instance() {
  static DeviceArena& arena = *new DeviceArena;  // never destroyed: others release memory at exit
  return arena;
}

DeviceArena::DeviceArena() {
  void* memory = mmap(nullptr, kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  start_ = static_cast<std::byte*>(memory);
}

void DeviceArena::protect(int protection) { mprotect(start_, top_, protection); }

void* DeviceArena::allocate(std::size_t bytes, bool fill) {
  bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  std::size_t offset = 0;
  {
    const std::lock_guard lock(mutex_);
    auto place = free_.begin();
    while (place != free_.end() && place->second < bytes) ++place;
    if (place != free_.end()) {
      offset = place->first;
      const std::size_t rest = place->second - bytes;
      free_.erase(place);
      if (rest > 0) free_[offset + bytes] = rest;
    } else {
      if (bytes > kBytes - top_) return nullptr;
      offset = top_;
      top_ += (bytes + kPage - 1) / kPage * kPage;
      if (const std::size_t rest = top_ - offset - bytes; rest > 0) free_[offset + bytes] = rest;
      protect(accesses_ > 0 ? PROT_READ | PROT_WRITE : PROT_NONE);
    }
    taken_[offset] = bytes;
    used_ += bytes;
  }
  if (fill) {
    const Access access;
    std::memset(start_ + offset, 0xff, bytes);
  }
  return start_ + offset;
}

void DeviceArena::release(void* memory) {
  const std::lock_guard lock(mutex_);
  const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(memory) - start_);
  const auto taken = taken_.find(offset);
  if (taken == taken_.end()) std::terminate();  // freed twice, or not from here
  const std::size_t bytes = taken->second;
  taken_.erase(taken);
  used_ -= bytes;
  auto place = free_.emplace(offset, bytes).first;
  if (const auto next = std::next(place); next != free_.end() && next->first == offset + place->second) {
    place->second += next->second;
    free_.erase(next);
  }
  if (place != free_.begin()) {
    if (const auto before = std::prev(place); before->first + before->second == place->first) {
      before->second += place->second;
      free_.erase(place);
      place = before;
    }
  }
  // Changing the protection takes time for every resident page, so large ranges are returned to the system.
  if (bytes >= kReturnedFrom) {
    const std::size_t begin = (offset + kPage - 1) / kPage * kPage, end = (offset + bytes) / kPage * kPage;
    madvise(start_ + begin, end - begin, MADV_DONTNEED);
  }
  if (place->first + place->second == top_ && accesses_ == 0) {
    top_ = (place->first + kPage - 1) / kPage * kPage;
    place->second = top_ - place->first;
    if (place->second == 0) free_.erase(place);
  }
}

bool DeviceArena::contains(const void* address) const {
  const auto* at = static_cast<const std::byte*>(address);
  return at >= start_ && at < start_ + kBytes;
}

DeviceArena::Access::Access() {
  DeviceArena& arena = instance();
  const std::lock_guard lock(arena.mutex_);
  if (arena.accesses_++ == 0) arena.protect(PROT_READ | PROT_WRITE);
}
DeviceArena::Access::~Access() {
  DeviceArena& arena = instance();
  const std::lock_guard lock(arena.mutex_);
  if (--arena.accesses_ == 0) arena.protect(PROT_NONE);
}

}  // namespace matinee::emulation
