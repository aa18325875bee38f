#pragma once

// A device that runs the CPU's operations on memory that is inaccessible to the host, so that a mistaken access crashes
// at once. It captures operations as a GPU does.

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

/// Memory of the arena, accessible only while one of these functions or an operation runs.
class GuardedAllocator final : public DeviceAllocator {
 public:
  using Work = std::vector<std::function<void()>>;

  bool is_host() const override { return false; }
  void* allocate(std::size_t bytes) override {
    forbid_during_capture();
    ++allocations_;
    void* memory = Arena::instance().allocate(bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
  }
  void release(void* memory) noexcept override { Arena::instance().release(memory); }
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

  /// Runs `work` now, or during capture adds it to the graph.
  void issue(std::function<void()> work) {
    if (capturing_ == nullptr) return work();
    capturing_->push_back(std::move(work));
  }

 private:
  using Arena = emulation::DeviceArena;

  class CapturedWork final : public Graph {
   public:
    CapturedWork(Work work, GuardedAllocator& allocator) : work_(std::move(work)), allocator_(allocator) {
      ++allocator_.n_graphs_;
    }
    ~CapturedWork() override { --allocator_.n_graphs_; }
    void run() override {
      for (const std::function<void()>& each : work_) each();
    }

   private:
    Work work_;
    GuardedAllocator& allocator_;
  };

  void forbid_during_capture() const {
    if (capturing_ != nullptr)
      contract_violation("GuardedAllocator", "memory cannot be allocated or transferred during graph capture");
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
#define MATINEE_GUARD_OP(name, Args)                                              \
  made.name = [](Context& context, const auto& args) {                            \
    static_cast<GuardedAllocator&>(*context.allocator()).issue([&context, args] { \
      const emulation::DeviceArena::Access access;                                \
      ops_of(DeviceKind::kCpu).name(context, args);                               \
    });                                                                           \
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
      : Context(pool, {}, isa, guarded_ops(), std::make_shared<GuardedAllocator>()) {}
};

}  // namespace matinee
