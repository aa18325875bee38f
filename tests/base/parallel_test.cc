#include "lib/base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace matinee {
namespace {

TEST(ThreadPool, VisitsEveryItemOnce) {
  for (const int threads : {1, 2, 7}) {
    ThreadPool pool(threads);
    for (const std::size_t count : {0u, 1u, 6u, 7u, 8u, 1000u}) {
      std::vector<std::atomic<int>> visits(count);
      pool.for_blocks(count, 7, [&](std::size_t begin, std::size_t end, int worker) {
        ASSERT_LT(worker, threads);
        for (std::size_t i = begin; i < end; ++i) ++visits[i];
      });
      for (const auto& visit : visits) EXPECT_EQ(visit, 1);
    }
  }
}

TEST(ThreadPool, BlockBordersDoNotDependOnTheNumberOfThreads) {
  for (const int threads : {1, 2, 7}) {
    ThreadPool pool(threads);
    std::vector<std::atomic<std::size_t>> ends(10);
    pool.for_blocks(95, 10, [&](std::size_t begin, std::size_t end, int) { ends[begin / 10] = end; });
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(ends[i], std::min<std::size_t>(95, (i + 1) * 10));
  }
}

// Idle workers spin for a while and then sleep. Calls come while they spin, as they fall asleep and long after. With
// more threads than processors they do not spin.
TEST(ThreadPool, ThreadsWorkAfterAnyWait) {
  for (const int threads : {2, available_processors(), available_processors() + 3}) {
    ThreadPool pool(threads);
    std::atomic<int> visits{0};
    for (int call = 0; call < 400; ++call) {
      std::this_thread::sleep_for(std::chrono::microseconds(call % 8 * 30));
      pool.for_blocks(static_cast<std::size_t>(threads), 1, [&](std::size_t, std::size_t, int) { ++visits; });
      ASSERT_EQ(visits, (call + 1) * threads);
    }
  }
}

// All threads must run at once, so none of them may be left asleep.
TEST(ThreadPool, EveryThreadTakesPart) {
  constexpr int kThreads = 4;
  ThreadPool pool(kThreads);
  for (int call = 0; call < 20; ++call) {
    std::this_thread::sleep_for(std::chrono::milliseconds(call % 2));
    std::atomic<int> inside{0};
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    pool.for_blocks(kThreads, 1, [&](std::size_t, std::size_t, int) {
      ++inside;
      while (inside < kThreads && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    });
    ASSERT_EQ(inside, kThreads);
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "a thread was left asleep";
  }
}

TEST(ThreadPool, TheFirstBadBlockWins) {
  for (int repeat = 0; repeat < 50; ++repeat) {
    ThreadPool pool(4);
    try {
      pool.for_blocks(100, 1, [](std::size_t begin, std::size_t, int) {
        if (begin >= 13) throw std::runtime_error(std::to_string(begin));
      });
      FAIL();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "13");
    }
    std::atomic<int> visits{0};
    pool.for_blocks(10, 1, [&](std::size_t, std::size_t, int) { ++visits; });
    EXPECT_EQ(visits, 10);
  }
}

TEST(ThreadPool, NestedCallRunsInTheCallingThread) {
  ThreadPool pool(2);
  std::atomic<int> visits{0};
  pool.for_blocks(4, 1, [&](std::size_t, std::size_t, int) {
    pool.for_blocks(5, 1, [&](std::size_t, std::size_t, int) { ++visits; });
  });
  EXPECT_EQ(visits, 20);
}

}  // namespace
}  // namespace matinee
