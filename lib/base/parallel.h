#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace matinee {

/// A fixed set of worker threads. Work is split into blocks whose boundaries depend only on the data, not on the number
/// of threads. If each block writes only its own results, the results are the same bytes with any number of threads.
class ThreadPool {
 public:
  /// `threads` counts the calling thread, so 1 runs everything in the caller; 0 means available_processors(). Throws
  /// Error(kResource) if a thread cannot be started.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;

  /// Calls body(begin, end, worker) for [0, count) in blocks of `block` (the last may be shorter), with worker in
  /// [0, threads()). Returns when all blocks are done. Blocks are claimed in order. If a body throws, later blocks are
  /// skipped and the exception of the lowest failed block is rethrown, so the reported error does not depend on the
  /// number of threads. A call from inside a body runs all its blocks in that thread, as worker 0. Two threads outside
  /// of a body must not call this at the same time.
  void for_blocks(std::size_t count, std::size_t block,
                  const std::function<void(std::size_t begin, std::size_t end, int worker)>& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The number of processors that this process may use, within its CPU affinity and cgroup (v2) quota; at least 1.
int available_processors();

}  // namespace matinee
