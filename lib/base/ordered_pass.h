#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "lib/base/parallel.h"

namespace matinee {

/// The steps of work on items that come in an order. `take` and `in_order` run on one thread at a time, for one item
/// after another; `work` and `after` run on any thread. So reading, working and writing overlap.
template <class Item>
struct OrderedSteps {
  std::function<bool(Item&)> take;  ///< fills an item, which may have been used before; false at the end
  std::function<void(Item&)> work;
  std::function<void(Item&)> in_order;
  std::function<void(Item&)> after;  ///< may be empty
};

/// Runs the steps on the threads of a pool. A few items per thread are in memory. If a step throws, `in_order` is
/// called for the items before that item only, and the exception is rethrown; the first by order if there are several.
template <class Item>
class OrderedPass {
 public:
  static void run(ThreadPool& pool, const OrderedSteps<Item>& steps) {
    OrderedPass pass(steps, static_cast<std::size_t>(pool.threads()) * 4);
    pool.for_blocks(static_cast<std::size_t>(pool.threads()), 1,
                    [&](std::size_t, std::size_t, int) { pass.run_thread(); });
    if (pass.failure_) std::rethrow_exception(pass.failure_);
  }

 private:
  struct Finished {
    std::unique_ptr<Item> item;
    std::exception_ptr failure;
  };

  OrderedPass(const OrderedSteps<Item>& steps, std::size_t most) : steps_(steps), most_(most) {}

  void run_thread() {
    std::size_t index = 0;
    for (std::unique_ptr<Item> item; take(item, index);) {
      Finished finished;
      finished.failure = failure_of([&] { steps_.work(*item); });
      finished.item = std::move(item);
      pass_on(index, std::move(finished));
    }
  }

  template <class Step>
  static std::exception_ptr failure_of(Step&& step) {
    try {
      step();
    } catch (...) {
      return std::current_exception();
    }
    return {};
  }

  bool take(std::unique_ptr<Item>& item, std::size_t& index) {
    const std::lock_guard taking(taking_);
    {
      std::unique_lock lock(lock_);
      passed_.wait(lock, [&] { return stopped_ || taken_ - done_ < most_; });
      if (stopped_ || ended_) return false;
      if (free_.empty()) {
        item = std::make_unique<Item>();
      } else {
        item = std::move(free_.back());
        free_.pop_back();
      }
    }
    bool more = false;
    const std::exception_ptr failure = failure_of([&] { more = steps_.take(*item); });
    index = taken_;
    {
      const std::lock_guard lock(lock_);
      ended_ = !more;
      if (more || failure) ++taken_;
    }
    if (failure) pass_on(index, {std::move(item), failure});
    return more;
  }

  void pass_on(std::size_t index, Finished finished) {
    std::unique_lock lock(lock_);
    waiting_.emplace(index, std::move(finished));
    while (!in_order_ && !stopped_ && !waiting_.empty() && waiting_.begin()->first == done_) {
      Finished next = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      in_order_ = true;
      lock.unlock();
      if (!next.failure) next.failure = failure_of([&] { steps_.in_order(*next.item); });
      lock.lock();
      in_order_ = false;
      ++done_;
      if (next.failure) stop(next.failure);
      passed_.notify_all();
      if (next.failure) return;
      lock.unlock();
      const std::exception_ptr failure = failure_of([&] {
        if (steps_.after) steps_.after(*next.item);
      });
      lock.lock();
      if (failure) stop(failure);
      free_.push_back(std::move(next.item));
    }
  }

  void stop(const std::exception_ptr& failure) {
    if (!failure_) failure_ = failure;
    stopped_ = true;
    passed_.notify_all();
  }

  const OrderedSteps<Item>& steps_;
  std::size_t most_;  // items at a time
  std::mutex taking_, lock_;
  std::condition_variable passed_;
  std::size_t taken_ = 0, done_ = 0;
  bool ended_ = false, stopped_ = false, in_order_ = false;
  std::map<std::size_t, Finished> waiting_;
  std::vector<std::unique_ptr<Item>> free_;
  std::exception_ptr failure_;
};

}  // namespace matinee
