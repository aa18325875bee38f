#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace matinee {

/// A fixed set of worker threads. Work is cut into blocks whose borders depend on the data only, never on the number of
/// threads; each block writes its own result, so that results are the same bytes with any number of threads.
class ThreadPool {
 public:
  /// `threads` workers in all, the caller counted; 1 runs everything in the caller. 0: every processor available.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;

  /// Calls body(begin, end, worker) for [0, count) in blocks of `block` (the last may be shorter); worker < threads().
  /// Blocks are claimed in order. Returns when all are done; the exception of the lowest failed block is rethrown, so
  /// the first bad row wins, not the first thread. A call from inside a body runs in that thread alone.
  void for_blocks(std::size_t count, std::size_t block,
                  const std::function<void(std::size_t begin, std::size_t end, int worker)>& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Processors this process may run on (affinity and cgroup limits honored).
int available_processors();

}  // namespace matinee
