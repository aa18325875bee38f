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

/// Memory that an operation needs while it runs. Handed out like a stack: ScratchScope gives it back. It grows in
/// chunks while it is in use and becomes one chunk of the most that was ever needed when it is not, so nothing is
/// allocated once a training step has run. One user at a time.
class Scratch {
 public:
  explicit Scratch(std::shared_ptr<DeviceAllocator> allocator = host_allocator()) : allocator_(std::move(allocator)) {}
  Scratch(Scratch&&) = default;
  ~Scratch();

  /// `bytes` bytes, aligned as the memory's allocations are; contents undefined. Earlier pointers of the scope stay
  /// valid.
  void* take(std::size_t bytes);
  template <class T>
  T* take_array(std::size_t count) {
    return static_cast<T*>(take(count * sizeof(T)));
  }
  /// Bytes held from the system.
  std::size_t capacity() const;
  /// The most that were.
  std::size_t peak() const { return peak_; }
  /// How often memory was taken from the system, and bytes before what is handed out next: while both are the same, so
  /// are the addresses that are handed out.
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
  std::size_t chunk_ = 0;               // in use
  std::size_t used_ = 0;                // bytes of it
  std::size_t taken_ = 0, needed_ = 0;  // bytes that are handed out, and the most that ever were
  std::size_t peak_ = 0;
  std::uint64_t allocations_ = 0;
};

/// Everything taken from `scratch` within the scope is given back at its end.
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

/// What every operation is given: the device, its table of functions, the threads, the instruction set and scratch
/// memory. `pool` must outlive it. One operation at a time may run on a context; make another for another thread.
class Context {
 public:
  /// Throws Error(kDevice) if an operation is missing on `device`, naming it, so that no run fails in the middle.
  explicit Context(ThreadPool& pool, Device device = {}, IsaLevel isa = isa_level());
  /// With a table, which must outlive it, and a memory of its own instead of the device's: for tests.
  Context(ThreadPool& pool, Device device, IsaLevel isa, const Ops& ops, std::shared_ptr<DeviceAllocator> allocator);

  ThreadPool& pool() const { return pool_; }
  Device device() const { return device_; }
  /// Where every array lies that an operation is given (kernels/ops.h).
  const std::shared_ptr<DeviceAllocator>& allocator() const { return allocator_; }
  IsaLevel isa() const { return isa_; }
  /// Whether products in bfloat16 are the faster ones here.
  bool multiplies_bf16() const { return device_.kind == DeviceKind::kCuda || isa_ == IsaLevel::kAvx512Bf16; }
  const Ops& ops() const { return *ops_; }
  /// For the thread that calls operations; in allocator().
  Scratch& scratch() { return scratch_; }
  /// For one worker inside a body of ThreadPool::for_blocks; the host's.
  Scratch& worker_scratch(int worker) { return worker_scratch_[static_cast<std::size_t>(worker)]; }
  /// The most that all scratch memory held.
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
