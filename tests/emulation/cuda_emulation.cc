#include "tests/emulation/cuda_emulation.h"

#include <atomic>
#include <boost/context/fiber.hpp>
#include <boost/context/fixedsize_stack.hpp>
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "lib/base/parallel.h"
#include "tests/emulation/device_arena.h"

namespace matinee::emulation {

thread_local ThreadState state;

namespace {

namespace context = boost::context;

constexpr std::size_t kStackBytes = 128 << 10;
constexpr std::size_t kSlotBytes = 64;  // of a lane in an exchange

Order initial_order() {
  const char* text = std::getenv("MATINEE_EMULATION_ORDER");
  const std::string_view name = text == nullptr ? "rising" : text;
  if (name == "falling") return Order::kFalling;
  if (name == "shuffled") return Order::kShuffled;
  if (name == "rising") return Order::kRising;
  throw std::runtime_error("MATINEE_EMULATION_ORDER must be rising, falling or shuffled");
}

std::atomic<Order> order{initial_order()};

const int count_only = [] {
  const char* text = std::getenv("MATINEE_EMULATION_COUNT");
  return text == nullptr ? 0 : std::atoi(text);
}();

// MATINEE_EMULATION_SHARED_KB; by default that of compute capability 9.0.
std::size_t configured_shared_bytes() {
  const char* text = std::getenv("MATINEE_EMULATION_SHARED_KB");
  return static_cast<std::size_t>(text == nullptr ? 227 : std::atoi(text)) << 10;
}

struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Wait : std::uint8_t { kNone, kWarp, kBlock, kDone };

struct PendingCopy {
  void* to;
  const void* from;
  std::size_t bytes;
};

struct Fiber {
  context::fiber self;
  Wait wait = Wait::kNone;
  ThreadState at;
  unsigned parity = 0;  // of the next exchange
  std::deque<std::vector<PendingCopy>> copy_groups;
  std::vector<PendingCopy> open_copies;
  std::exception_ptr failure;
};

// Reuses stacks, since allocating one takes longer than most threads run.
class StackPool {
 public:
  context::stack_context allocate() {
    if (free_.empty()) return context::fixedsize_stack(kStackBytes).allocate();
    const context::stack_context stack = free_.back();
    free_.pop_back();
    return stack;
  }
  void deallocate(context::stack_context& stack) { free_.push_back(stack); }
  ~StackPool() {
    for (context::stack_context& stack : free_) context::fixedsize_stack(kStackBytes).deallocate(stack);
  }

 private:
  std::vector<context::stack_context> free_;
};

struct StackAllocator {
  StackPool* pool;
  context::stack_context allocate() { return pool->allocate(); }
  void deallocate(context::stack_context& stack) { pool->deallocate(stack); }
};

// Runs one block at a time. There is one for each processor.
class BlockRunner {
 public:
  void run(dim3 grid, dim3 block, dim3 index, std::size_t shared_bytes, const std::function<void()>& body);

  Fiber* current = nullptr;
  context::fiber back;
  std::byte* shared() {
    return reinterpret_cast<std::byte*>((reinterpret_cast<std::uintptr_t>(shared_.data()) + 127) / 128 * 128);
  }

  const std::byte* exchange(const void* value, std::size_t bytes) {
    if (bytes > kSlotBytes) throw Fault("an exchange of more than 64 bytes per lane");
    const unsigned lane = current->at.linear % kWarp, warp = current->at.linear / kWarp;
    std::byte* slots = slots_.data() + (warp * 2 + current->parity) * kWarp * kSlotBytes;
    current->parity ^= 1;
    std::memcpy(slots + lane * kSlotBytes, value, bytes);
    pause(Wait::kWarp);
    return slots;
  }
  bool wait_for_any(bool mine) {
    any_ |= mine;
    pause(Wait::kBlock);
    return any_before_;
  }
  void pause(Wait wait) {
    Fiber* me = current;
    me->wait = wait;
    back = std::move(back).resume();
  }

 private:
  void resume(Fiber& fiber);
  bool run_warp(std::size_t first);

  StackPool stacks_;
  std::vector<Fiber> fibers_;
  std::vector<std::byte> slots_, shared_;
  bool any_ = false, any_before_ = false;  // of the threads at the current and at the last barrier
};

thread_local BlockRunner* runner = nullptr;

void BlockRunner::resume(Fiber& fiber) {
  current = &fiber;
  state = fiber.at;
  fiber.wait = Wait::kNone;
  fiber.self = std::move(fiber.self).resume();
  if (fiber.failure) std::rethrow_exception(fiber.failure);
}

// Runs until every thread of the warp waits for the block or has returned. False if that can never happen.
bool BlockRunner::run_warp(std::size_t first) {
  const std::size_t end = std::min(first + kWarp, fibers_.size());
  static thread_local std::minstd_rand random(1);
  while (true) {
    std::size_t at_warp = 0;
    std::size_t lanes[kWarp];
    const std::size_t n = end - first;
    for (std::size_t i = 0; i < n; ++i) lanes[i] = order == Order::kFalling ? end - 1 - i : first + i;
    if (order == Order::kShuffled) std::shuffle(lanes, lanes + n, random);
    for (std::size_t i = 0; i < n; ++i) {
      if (fibers_[lanes[i]].wait == Wait::kNone) resume(fibers_[lanes[i]]);
    }
    for (std::size_t i = first; i < end; ++i) at_warp += fibers_[i].wait == Wait::kWarp;
    if (at_warp == 0) return true;
    if (at_warp < n) return false;
    for (std::size_t i = first; i < end; ++i) fibers_[i].wait = Wait::kNone;
  }
}

void BlockRunner::run(dim3 grid, dim3 block, dim3 index, std::size_t shared_bytes, const std::function<void()>& body) {
  const std::size_t threads = static_cast<std::size_t>(block.x) * block.y * block.z;
  if (threads % kWarp != 0 || threads > 1024) throw Fault("the block is not of 32 to 1,024 threads in whole warps");
  shared_.resize(shared_bytes + 128);
  std::memset(shared_.data(), 0xff, shared_.size());
  slots_.resize(threads / kWarp * 2 * kWarp * kSlotBytes);
  any_ = false;
  fibers_.clear();
  fibers_.resize(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    Fiber& fiber = fibers_[i];
    const auto t = static_cast<unsigned>(i);
    fiber.at = {{t % block.x, t / block.x % block.y, t / block.x / block.y}, index, block, grid, t};
    fiber.self =
        context::fiber(std::allocator_arg, StackAllocator{&stacks_}, [this, &fiber, &body](context::fiber&& from) {
          back = std::move(from);
          try {
            body();
          } catch (const context::detail::forced_unwind&) {
            throw;
          } catch (...) {
            fiber.failure = std::current_exception();
          }
          fiber.wait = Wait::kDone;
          return std::move(back);
        });
  }
  const std::size_t warps = threads / kWarp;
  std::vector<std::size_t> order_of_warps(warps);
  for (std::size_t i = 0; i < warps; ++i) order_of_warps[i] = order == Order::kFalling ? warps - 1 - i : i;
  while (true) {
    for (const std::size_t warp : order_of_warps) {
      if (!run_warp(warp * kWarp)) throw Fault("some threads of a warp wait for others that never arrive");
    }
    std::size_t done = 0;
    for (const Fiber& fiber : fibers_) done += fiber.wait == Wait::kDone;
    if (done == threads) break;
    if (done > 0) throw Fault("some threads of a block wait at a barrier that others never reach");
    for (Fiber& fiber : fibers_) fiber.wait = Wait::kNone;
    any_before_ = any_;
    any_ = false;
  }
  for (const Fiber& fiber : fibers_) {
    if (!fiber.open_copies.empty() || !fiber.copy_groups.empty())
      throw Fault("a thread returns before its asynchronous copies are complete");
  }
}

ThreadPool& pool() {
  static ThreadPool threads(0);
  return threads;
}

}  // namespace

void set_order(Order wanted) { order = wanted; }
Order current_order() { return order; }
int counted_multiprocessors() { return count_only; }

void wait_for_block() { runner->pause(Wait::kBlock); }
bool wait_for_any(bool mine) { return runner->wait_for_any(mine); }
const std::byte* exchange(const void* value, std::size_t bytes) { return runner->exchange(value, bytes); }
std::size_t shared_bytes_of_block() {
  static const std::size_t bytes = configured_shared_bytes();
  return bytes;
}

void* dynamic_shared_memory() { return runner->shared(); }

void copy_later(void* to, const void* from, std::size_t bytes) {
  if (reinterpret_cast<std::uintptr_t>(to) % bytes != 0 || reinterpret_cast<std::uintptr_t>(from) % bytes != 0) {
    throw Fault("an asynchronous copy is not aligned to its size");
  }
  runner->current->open_copies.push_back({to, from, bytes});
}
void end_copy_group() {
  Fiber& fiber = *runner->current;
  fiber.copy_groups.push_back(std::move(fiber.open_copies));
  fiber.open_copies.clear();
}
void wait_for_copies(int groups_left) {
  Fiber& fiber = *runner->current;
  while (static_cast<int>(fiber.copy_groups.size()) > groups_left) {
    for (const PendingCopy& copy : fiber.copy_groups.front()) std::memcpy(copy.to, copy.from, copy.bytes);
    fiber.copy_groups.pop_front();
  }
}

void run_grid(dim3 grid, dim3 block, std::size_t shared_bytes, const std::function<void()>& thread) {
  if (shared_bytes > shared_bytes_of_block()) throw Fault("more shared memory than a block can have");
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.y > 65535 || grid.z > 65535) {
    throw Fault("the grid has no blocks, or more than 65,535 in y or z");
  }
  const DeviceArena::Access access;
  const std::size_t blocks = static_cast<std::size_t>(grid.x) * grid.y * grid.z;
  pool().for_blocks(blocks, 1, [&](std::size_t begin, std::size_t end, int) {
    static thread_local BlockRunner mine;
    runner = &mine;
    for (std::size_t b = begin; b < end; ++b) {
      const dim3 index(static_cast<unsigned>(b % grid.x), static_cast<unsigned>(b / grid.x % grid.y),
                       static_cast<unsigned>(b / grid.x / grid.y));
      mine.run(grid, block, index, shared_bytes, thread);
    }
  });
}

}  // namespace matinee::emulation
