#pragma once

// The CPU's operations on memory that the host may not touch: a device whose every mistaken access dies on the spot.

#include <memory>
#include <new>

#include "kernels/context.h"
#include "kernels/ops.h"
#include "tests/emulation/device_arena.h"

namespace matinee {

/// Memory of the arena, open only while one of these functions runs.
class GuardedMemory final : public DeviceMemory {
 public:
  bool is_host() const override { return false; }
  void* allocate(std::size_t bytes) override {
    void* memory = Arena::instance().allocate(bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
  }
  void release(void* memory) noexcept override { Arena::instance().release(memory); }
  void upload(void* to, const void* from, std::size_t bytes) override {
    opened(&DeviceMemory::upload, to, from, bytes);
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    opened(&DeviceMemory::download, to, from, bytes);
  }
  void copy(void* to, const void* from, std::size_t bytes) override { opened(&DeviceMemory::copy, to, from, bytes); }
  void zero(void* to, std::size_t bytes) override { opened(&DeviceMemory::zero, to, bytes); }
  void synchronize() override {}

 private:
  using Arena = emulation::DeviceArena;

  template <class... Parameters, class... Arguments>
  void opened(void (DeviceMemory::*function)(Parameters...), Arguments... arguments) {
    const Arena::Access access;
    ((*host_memory()).*function)(arguments...);
  }
};

inline const Ops& guarded_ops() {
  static const Ops ops = [] {
    Ops made;
#define MATINEE_GUARD_OP(name)                         \
  made.name = [](Context& context, const auto& args) { \
    const emulation::DeviceArena::Access access;       \
    ops_of(DeviceKind::kCpu).name(context, args);      \
  };
    MATINEE_EACH_OP(MATINEE_GUARD_OP)
#undef MATINEE_GUARD_OP
    return made;
  }();
  return ops;
}

/// A context on such a device.
class GuardedContext : public Context {
 public:
  explicit GuardedContext(ThreadPool& pool, IsaLevel isa = isa_level())
      : Context(pool, {}, isa, guarded_ops(), std::make_shared<GuardedMemory>()) {}
};

}  // namespace matinee
