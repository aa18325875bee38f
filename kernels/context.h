#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/device.h"
#include "kernels/device_allocator.h"
#include "lib/base/cpu_features.h"
#include "lib/base/parallel.h"

namespace matinee {

struct Ops;

/// Temporary memory of operations, allocated like a stack and released by ScratchScope. It grows in chunks while in use
/// and merges them into one of the peak size when nothing is in use, so that no allocation happens after the first
/// training step. Not thread-safe.
class Scratch {
 public:
  explicit Scratch(std::shared_ptr<DeviceAllocator> allocator = host_allocator()) : allocator_(std::move(allocator)) {}
  Scratch(Scratch&&) = default;
  ~Scratch();

  /// `bytes` bytes with the allocator's alignment; contents undefined. Earlier pointers of the scope stay valid.
  void* take(std::size_t bytes);
  template <class T>
  T* take_array(std::size_t count) {
    return static_cast<T*>(take(count * sizeof(T)));
  }
  /// Bytes held from the system.
  std::size_t capacity() const;
  /// The largest capacity so far.
  std::size_t peak() const { return peak_; }
  /// The number of allocations from the system, and the bytes in use: as long as both are the same, take() returns the
  /// same addresses.
  std::uint64_t allocations() const { return allocations_; }
  std::size_t used() const;

 private:
  friend class ScratchScope;
  struct Chunk {
    std::byte* start = nullptr;
    std::size_t size = 0;
  };
  void add_chunk(std::size_t bytes);
  void join_chunks(std::size_t bytes);

  std::shared_ptr<DeviceAllocator> allocator_;
  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;               // index of the current one
  std::size_t used_ = 0;                // bytes used of it
  std::size_t taken_ = 0, needed_ = 0;  // bytes in use, and their maximum so far
  std::size_t peak_ = 0;
  std::uint64_t allocations_ = 0;
};

/// Releases at its end everything taken from `scratch` within the scope.
class ScratchScope {
 public:
  explicit ScratchScope(Scratch& scratch)
      : scratch_(scratch), chunk_(scratch.chunk_), used_(scratch.used_), taken_(scratch.taken_) {}
  ~ScratchScope() {
    scratch_.chunk_ = chunk_;
    scratch_.used_ = used_;
    scratch_.taken_ = taken_;
  }
  ScratchScope(const ScratchScope&) = delete;
  ScratchScope& operator=(const ScratchScope&) = delete;

 private:
  Scratch& scratch_;
  std::size_t chunk_, used_, taken_;
};

/// The environment of every operation: the device, its table of functions, threads, instruction set and scratch memory.
/// `pool` must outlive it. A context runs one operation at a time; another thread needs a context of its own.
class Context {
 public:
  /// Throws Error(kDevice) if an operation is missing on `device`, naming it, so that no run fails in the middle.
  explicit Context(ThreadPool& pool, Device device = {}, IsaLevel isa = isa_level());
  /// For tests: with another table, which must outlive it, and another allocator.
  Context(ThreadPool& pool, Device device, IsaLevel isa, const Ops& ops, std::shared_ptr<DeviceAllocator> allocator);

  ThreadPool& pool() const { return pool_; }
  Device device() const { return device_; }
  /// Every array in an operation's arguments is allocated here (kernels/ops.h).
  const std::shared_ptr<DeviceAllocator>& allocator() const { return allocator_; }
  IsaLevel isa() const { return isa_; }
  /// Whether bfloat16 products are faster than float32 ones here.
  bool multiplies_bf16() const { return device_.kind == DeviceKind::kCuda || isa_ == IsaLevel::kAvx512Bf16; }
  const Ops& ops() const { return *ops_; }
  /// For the thread that calls operations; allocated in allocator().
  Scratch& scratch() { return scratch_; }
  /// For one worker inside a body of ThreadPool::for_blocks; in the host's memory.
  Scratch& worker_scratch(int worker) { return worker_scratch_[static_cast<std::size_t>(worker)]; }
  /// The sum of the peaks of all scratch memory, in bytes.
  std::size_t scratch_bytes() const;

 private:
  ThreadPool& pool_;
  Device device_;
  IsaLevel isa_;
  const Ops* ops_;
  std::shared_ptr<DeviceAllocator> allocator_;
  Scratch scratch_;
  std::vector<Scratch> worker_scratch_;
};

}  // namespace matinee
