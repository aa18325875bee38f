#include "lib/base/machine_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>

#include "lib/base/large_pages.h"
#include "lib/base/parallel.h"

namespace matinee {

SpeedLimit memory_copy_limit(int threads) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  constexpr std::size_t kBlock = std::size_t{1} << 20;
  constexpr int kRounds = 3;
  const auto from = std::make_unique_for_overwrite<std::byte[]>(kBytes);
  const auto to = std::make_unique_for_overwrite<std::byte[]>(kBytes);
  prefer_large_pages(from.get(), kBytes);
  prefer_large_pages(to.get(), kBytes);
  ThreadPool pool(threads);
  // The first pass makes the pages.
  pool.for_blocks(kBytes, kBlock, [&](std::size_t begin, std::size_t end, int) {
    std::memset(from.get() + begin, 1, end - begin);
    std::memset(to.get() + begin, 2, end - begin);
  });
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    pool.for_blocks(kBytes, kBlock, [&](std::size_t begin, std::size_t end, int) {
      std::memcpy(to.get() + begin, from.get() + begin, end - begin);
    });
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(kBytes) / elapsed.count());
  }
  return {fmt::format("a memory copy with {} {}", threads, threads == 1 ? "thread" : "threads"), best};
}

}  // namespace matinee
