#pragma once

// The CPU's operations on memory that the host may not touch: a device whose every mistaken access dies on the spot. It
// records operations as a GPU does.

#include <functional>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "kernels/context.h"
#include "kernels/ops.h"
#include "lib/base/error.h"
#include "tests/emulation/device_arena.h"

namespace matinee {

/// Memory of the arena, open only while one of these functions runs.
class GuardedMemory final : public DeviceMemory {
 public:
  using Work = std::vector<std::function<void()>>;

  bool is_host() const override { return false; }
  void* allocate(std::size_t bytes) override {
    forbid_in_recording();
    void* memory = Arena::instance().allocate(bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
  }
  void release(void* memory) noexcept override { Arena::instance().release(memory); }
  void upload(void* to, const void* from, std::size_t bytes) override {
    forbid_in_recording();
    opened(&DeviceMemory::upload, to, from, bytes);
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    forbid_in_recording();
    opened(&DeviceMemory::download, to, from, bytes);
  }
  void copy(void* to, const void* from, std::size_t bytes) override {
    issue([=, this] { opened(&DeviceMemory::copy, to, from, bytes); });
  }
  void zero(void* to, std::size_t bytes) override {
    issue([=, this] { opened(&DeviceMemory::zero, to, bytes); });
  }
  void synchronize() override {}
  std::unique_ptr<Recording> record(const std::function<void()>& body) override {
    Work work;
    recording_ = &work;
    body();
    recording_ = nullptr;
    return std::make_unique<RecordedWork>(std::move(work));
  }

  /// At once, or when what is being recorded is run.
  void issue(std::function<void()> work) {
    if (recording_ == nullptr) return work();
    recording_->push_back(std::move(work));
  }

 private:
  using Arena = emulation::DeviceArena;

  class RecordedWork final : public Recording {
   public:
    explicit RecordedWork(Work work) : work_(std::move(work)) {}
    void run() override {
      for (const std::function<void()>& each : work_) each();
    }

   private:
    Work work_;
  };

  void forbid_in_recording() const {
    if (recording_ != nullptr) contract_violation("GuardedMemory", "nothing is allocated or brought while recording");
  }

  template <class... Parameters, class... Arguments>
  void opened(void (DeviceMemory::*function)(Parameters...), Arguments... arguments) {
    const Arena::Access access;
    ((*host_memory()).*function)(arguments...);
  }

  Work* recording_ = nullptr;
};

inline const Ops& guarded_ops() {
  static const Ops ops = [] {
    Ops made;
#define MATINEE_GUARD_OP(name)                                              \
  made.name = [](Context& context, const auto& args) {                      \
    static_cast<GuardedMemory&>(*context.memory()).issue([&context, args] { \
      const emulation::DeviceArena::Access access;                          \
      ops_of(DeviceKind::kCpu).name(context, args);                         \
    });                                                                     \
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
