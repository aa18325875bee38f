#include "lib/base/large_pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "lib/base/memory_budget.h"

namespace matinee {
namespace {

TEST(LargePages, AVectorIsAsResizeMakesIt) {
  for (const std::size_t size : {0u, 1u, 5'000u, 3'000'000u}) {
    std::vector<std::uint32_t> values;
    resize_on_large_pages(values, size);
    ASSERT_EQ(values.size(), size);
    EXPECT_EQ(std::accumulate(values.begin(), values.end(), std::uint64_t{0}), 0u);
  }
}

// Memory that is only reserved beside a large page stays away.
TEST(LargePages, NoMoreIsResidentThanWasAskedFor) {
  const std::uint64_t before = peak_resident_memory();
  std::vector<std::vector<char>> many(64);
  for (std::vector<char>& values : many) resize_on_large_pages(values, (std::size_t{2} << 20) + 5000);
  EXPECT_LT(peak_resident_memory() - before, std::uint64_t{64} * ((2 << 20) + 64 * 1024));
}

}  // namespace
}  // namespace matinee
