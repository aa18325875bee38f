#include "lib/base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace matinee {
namespace {

// Known answers of Random123's kat_vectors for philox4x32 with 10 rounds.
TEST(Philox, AgreesWithThePublishedVectors) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, AStreamDependsOnItsNameOnly) {
  Random a(1, "target", 7), b(1, "target", 7), other_index(1, "target", 8), other_purpose(1, "phrase", 7),
      other_seed(2, "target", 7);
  const std::uint64_t first = a.next_u64();
  EXPECT_EQ(first, b.next_u64());
  EXPECT_NE(first, other_index.next_u64());
  EXPECT_NE(first, other_purpose.next_u64());
  EXPECT_NE(first, other_seed.next_u64());
}

TEST(Random, BelowReachesEveryValueAboutEquallyOften) {
  Random random(3, "below");
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[random.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 400);
}

TEST(Random, NormalHasMeanZeroAndVarianceOne) {
  Random random(3, "normal");
  double sum = 0, squares = 0;
  constexpr int kCount = 100000;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kCount, 0, 0.015);
  EXPECT_NEAR(squares / kCount, 1, 0.03);
}

TEST(Random, ShuffleKeepsTheItemsAndMovesTheLast) {
  std::vector<int> counts(5);
  for (std::uint64_t i = 0; i < 5000; ++i) {
    std::vector<int> items{0, 1, 2, 3, 4};
    Random(1, "shuffle", i).shuffle(items);
    ++counts[static_cast<std::size_t>(items.back())];
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace matinee
