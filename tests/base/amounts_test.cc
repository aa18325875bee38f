#include "lib/base/amounts.h"

#include <gtest/gtest.h>

namespace matinee {
namespace {

TEST(Amounts, BytesHaveThreeDigitsInDecimalUnits) {
  EXPECT_EQ(format_bytes(0), "0 bytes");
  EXPECT_EQ(format_bytes(999), "999 bytes");
  EXPECT_EQ(format_bytes(1000), "1.00 kB");
  EXPECT_EQ(format_bytes(9'996), "10.0 kB");
  EXPECT_EQ(format_bytes(999'400), "999 kB");
  EXPECT_EQ(format_bytes(999'600), "1.00 MB");
  EXPECT_EQ(format_bytes(4.3e9), "4.30 GB");
  EXPECT_EQ(format_bytes(4.3e16), "43000 TB");
}

TEST(Amounts, OtherUnitsAreCounted) {
  EXPECT_EQ(format_amount(1'500'000, "bytes"), "1.50 MB");
  EXPECT_EQ(format_amount(1'500'000, "rows"), "1500000 rows");
  EXPECT_EQ(format_rate(2e6, "bytes"), "2.00 MB/s");
  EXPECT_EQ(format_rate(12345.6, "rows"), "12346 rows/s");
  EXPECT_EQ(format_rate(0.254, "rows"), "0.25 rows/s");
}

TEST(Amounts, OneIsSingular) {
  EXPECT_EQ(format_count(0, "title", "titles"), "0 titles");
  EXPECT_EQ(format_count(1, "title", "titles"), "1 title");
  EXPECT_EQ(format_count(1001, "person", "people"), "1001 people");
}

}  // namespace
}  // namespace matinee
