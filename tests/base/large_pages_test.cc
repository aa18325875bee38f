#include "lib/base/large_pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "lib/base/memory_budget.h"

namespace matinee {
namespace {

// A vector whose memory is asked for so before it is written.
template <class T>
std::vector<T> on_large_pages(std::size_t size) {
  std::vector<T> values;
  values.reserve(size);
  prefer_large_pages(values.data(), size * sizeof(T));
  values.resize(size);
  return values;
}

TEST(LargePages, MemoryIsAsBefore) {
  for (const std::size_t size : {0u, 1u, 5'000u, 3'000'000u}) {
    const auto values = on_large_pages<std::uint32_t>(size);
    ASSERT_EQ(values.size(), size);
    EXPECT_EQ(std::accumulate(values.begin(), values.end(), std::uint64_t{0}), 0u);
  }
}

// Memory that is only reserved beside a large page stays away.
TEST(LargePages, NoMoreIsResidentThanWasAskedFor) {
  const std::uint64_t before = peak_resident_memory();
  std::vector<std::vector<char>> many;
  for (int i = 0; i < 64; ++i) many.push_back(on_large_pages<char>((std::size_t{2} << 20) + 5000));
  EXPECT_LT(peak_resident_memory() - before, std::uint64_t{64} * ((2 << 20) + 64 * 1024));
}

}  // namespace
}  // namespace matinee
