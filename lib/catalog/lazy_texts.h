#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace matinee {

/// One text per row, made when it is first asked for. Making the object takes no time per row. Any thread may ask.
class LazyTexts {
 public:
  /// Throws std::bad_alloc.
  explicit LazyTexts(std::size_t rows)
      // The system gives zeroed pages when they are first written; null pointers are zeros.
      : made_(static_cast<std::atomic<const std::string*>*>(
            std::calloc(std::max<std::size_t>(rows, 1), sizeof(std::atomic<const std::string*>)))) {
    if (made_ == nullptr) throw std::bad_alloc();
  }

  /// The text of `row`, which `make()` returns; the same for all calls. Valid as long as this object.
  template <class Make>
  std::string_view get(std::size_t row, const Make& make) const {
    if (const std::string* text = made_[row].load(std::memory_order_acquire)) return *text;
    std::string text = make();
    const std::lock_guard lock(mutex_);
    if (const std::string* other = made_[row].load(std::memory_order_relaxed)) return *other;
    const std::string& kept = texts_.emplace_back(std::move(text));
    made_[row].store(&kept, std::memory_order_release);
    return kept;
  }

 private:
  struct Free {
    void operator()(std::atomic<const std::string*>* rows) const { std::free(rows); }
  };
  std::unique_ptr<std::atomic<const std::string*>[], Free> made_;
  mutable std::mutex mutex_;
  mutable std::deque<std::string> texts_;  // never moves its elements
};

}  // namespace matinee
