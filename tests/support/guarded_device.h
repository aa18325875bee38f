#pragma once

// The CPU's operations on memory that the host may not touch: a device whose every mistaken access dies on the spot. It
// records operations as a GPU does.

#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/context.h"
#include "kernels/ops.h"
#include "lib/base/error.h"
#include "tests/emulation/device_arena.h"

namespace matinee {

/// Memory of the arena, open only while one of these functions runs.
class GuardedMemory final : public DeviceAllocator {
 public:
  using Work = std::vector<std::function<void()>>;

  bool is_host() const override { return false; }
  void* allocate(std::size_t bytes) override {
    forbid_during_capture();
    ++allocations_;
    void* allocator = Arena::instance().allocate(bytes);
    if (allocator == nullptr) throw std::bad_alloc();
    return allocator;
  }
  void release(void* allocator) noexcept override { Arena::instance().release(allocator); }
  void upload(void* to, const void* from, std::size_t bytes) override {
    forbid_during_capture();
    uploaded_bytes_ += bytes;
    opened(&DeviceAllocator::upload, to, from, bytes);
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    forbid_during_capture();
    opened(&DeviceAllocator::download, to, from, bytes);
  }
  void copy(void* to, const void* from, std::size_t bytes) override {
    issue([=, this] { opened(&DeviceAllocator::copy, to, from, bytes); });
  }
  void zero(void* to, std::size_t bytes) override {
    issue([=, this] { opened(&DeviceAllocator::zero, to, bytes); });
  }
  void synchronize() override {}
  std::unique_ptr<Graph> capture(const std::function<void()>& body) override {
    Work work;
    capturing_ = &work;
    body();
    capturing_ = nullptr;
    return std::make_unique<CapturedWork>(std::move(work), *this);
  }
  bool has_graphs() const override { return capturing_ != nullptr || n_graphs_ > 0; }

  std::size_t allocations() const { return allocations_; }
  std::size_t uploaded_bytes() const { return uploaded_bytes_; }

  /// At once, or when what is being recorded is run.
  void issue(std::function<void()> work) {
    if (capturing_ == nullptr) return work();
    capturing_->push_back(std::move(work));
  }

 private:
  using Arena = emulation::DeviceArena;

  class CapturedWork final : public Graph {
   public:
    CapturedWork(Work work, GuardedMemory& allocator) : work_(std::move(work)), allocator_(allocator) {
      ++allocator_.n_graphs_;
    }
    ~CapturedWork() override { --allocator_.n_graphs_; }
    void run() override {
      for (const std::function<void()>& each : work_) each();
    }

   private:
    Work work_;
    GuardedMemory& allocator_;
  };

  void forbid_during_capture() const {
    if (capturing_ != nullptr) contract_violation("GuardedMemory", "nothing is allocated or brought while recording");
  }

  template <class... Parameters, class... Arguments>
  void opened(void (DeviceAllocator::*function)(Parameters...), Arguments... arguments) {
    const Arena::Access access;
    ((*host_allocator()).*function)(arguments...);
  }

  Work* capturing_ = nullptr;
  int n_graphs_ = 0;
  std::size_t allocations_ = 0, uploaded_bytes_ = 0;
};

inline const Ops& guarded_ops() {
  static const Ops ops = [] {
    Ops made;
#define MATINEE_GUARD_OP(name, Args)                                           \
  made.name = [](Context& context, const auto& args) {                         \
    static_cast<GuardedMemory&>(*context.allocator()).issue([&context, args] { \
      const emulation::DeviceArena::Access access;                             \
      ops_of(DeviceKind::kCpu).name(context, args);                            \
    });                                                                        \
  };
    MATINEE_OPS(MATINEE_GUARD_OP)
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
