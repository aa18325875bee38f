#include "lib/base/large_pages.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace matinee {
namespace {

constexpr std::size_t kLarge = std::size_t{2} << 20;

// Bytes of [begin, end) in mappings that are marked for large pages (VmFlags "hg"); -1 if the kernel does not report
// it.
std::int64_t marked_bytes(std::uintptr_t begin, std::uintptr_t end) {
  std::ifstream maps("/proc/self/smaps");
  std::uintptr_t low = 0, high = 0;
  std::int64_t marked = 0;
  bool told = false;
  for (std::string line; std::getline(maps, line);) {
    unsigned long first = 0, last = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &first, &last) == 2) {
      low = first;
      high = last;
    } else if (line.starts_with("VmFlags:")) {
      told = true;
      const std::uintptr_t from = std::max(low, begin), to = std::min(high, end);
      if (from < to && (line + " ").find(" hg ") != std::string::npos) marked += static_cast<std::int64_t>(to - from);
    }
  }
  return told ? marked : -1;
}

TEST(LargePages, RequestsWholeLargePagesWithinTheMemory) {
  constexpr std::size_t kBytes = 6 * kLarge;
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  const auto start = reinterpret_cast<std::uintptr_t>(memory), aligned = (start + kLarge - 1) / kLarge * kLarge;
  // From the middle of the first large page to the middle of the fourth: two whole ones are in between.
  const std::uintptr_t begin = aligned + 5000, end = aligned + 3 * kLarge + 5000;
  if (marked_bytes(start, start + kBytes) == 0 && madvise(memory, kBytes, MADV_HUGEPAGE) == 0 &&
      marked_bytes(start, start + kBytes) > 0) {
    madvise(memory, kBytes, MADV_NOHUGEPAGE);
    prefer_large_pages(reinterpret_cast<void*>(begin), 1000);
    EXPECT_EQ(marked_bytes(start, start + kBytes), 0) << "no whole large page";
    prefer_large_pages(reinterpret_cast<void*>(begin), end - begin);
    EXPECT_EQ(marked_bytes(start, start + kBytes), static_cast<std::int64_t>(2 * kLarge));
    EXPECT_EQ(marked_bytes(begin, end), static_cast<std::int64_t>(2 * kLarge));
  } else {
    munmap(memory, kBytes);
    GTEST_SKIP() << "this kernel has no large pages, or does not say which memory is marked for them";
  }
  munmap(memory, kBytes);
}

}  // namespace
}  // namespace matinee
