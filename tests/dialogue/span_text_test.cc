#include "lib/dialogue/span_text.h"

#include <gtest/gtest.h>

namespace matinee {
namespace {

TEST(SpanText, SaysItInTheWordsOfPeople) {
  EXPECT_EQ(years_text({1994, 1994}), "1994");
  EXPECT_EQ(years_text({1990, 1999}), "1990s");
  EXPECT_EQ(years_text({1985, kLastYear}), "since 1985");
  EXPECT_EQ(years_text({kFirstYear, 1960}), "until 1960");
  EXPECT_EQ(years_text({2002, 2008}), "around 2005");
  EXPECT_EQ(years_text({1999, 2007}), "1999 to 2007");
  EXPECT_EQ(runtime_text({90, 90}), "90");
  EXPECT_EQ(runtime_text({140, kLongest}), "at least 140");
  EXPECT_EQ(runtime_text({0, 100}), "up to 100");
  EXPECT_EQ(runtime_text({80, 100}), "around 90");
  EXPECT_EQ(runtime_text({90, 99}), "90 to 99") << "minutes have no decades";
}

TEST(SpanText, EverySpanIsReadBack) {
  for (std::int32_t low = 1890; low <= 2040; ++low) {
    for (std::int32_t high = low; high <= 2040; ++high) {
      const Span span{low, high};
      ASSERT_EQ(years_of_text(years_text(span)), span) << years_text(span);
    }
  }
  for (std::int32_t low = 0; low <= 620; low += 3) {
    for (std::int32_t high = low; high <= 620; ++high) {
      const Span span{low, high};
      ASSERT_EQ(runtime_of_text(runtime_text(span)), span) << runtime_text(span);
    }
  }
}

TEST(SpanText, MoreThanOneTextMayMeanTheSame) {
  EXPECT_EQ(years_of_text("1990 to 1999"), (Span{1990, 1999}));
  EXPECT_EQ(years_of_text("around 1999"), (Span{1996, 2002}));
  EXPECT_EQ(runtime_of_text("0 to 100"), (Span{0, 100}));
}

TEST(SpanText, WhatIsNoSpanIsRefused) {
  for (const char* text :
       {"", "s", "since", "since ", "since 1990s", "1995s", "1999 to 1990", "1990 to", "1990 to 1999 ", " 1990",
        "-1990", "around", "until 1990 to 1999", "up to 90", "99999999999"})
    EXPECT_FALSE(years_of_text(text)) << text;
  for (const char* text : {"90s", "since 90", "at least", "up to 9x", "120 to 90"})
    EXPECT_FALSE(runtime_of_text(text)) << text;
}

}  // namespace
}  // namespace matinee
