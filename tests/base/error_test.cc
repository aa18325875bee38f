#include "lib/base/error.h"

#include <gtest/gtest.h>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

TEST(Error, ReadsFromTheOutsideInAndEndsWithTheRemedy) {
  Error error = bad_data("expected a year or \\N, found \"{}\"", "19x4");
  error.add_context("title.basics.tsv:1204:6").add_remedy("--keep-going skips such rows");
  error.add_context("tsv2bin");
  EXPECT_STREQ(
      error.what(),
      "tsv2bin: title.basics.tsv:1204:6: expected a year or \\N, found \"19x4\"; --keep-going skips such rows");
}

TEST(Error, KeepsTheInnermostRemedy) {
  Error error(ErrorCode::kBadData, "bad");
  error.add_remedy("inner").add_remedy("outer");
  EXPECT_STREQ(error.what(), "bad; inner");
}

TEST(Error, OnlyUsageExitsWithTwo) {
  EXPECT_EQ(exit_status(ErrorCode::kUsage), 2);
  for (const ErrorCode code :
       {ErrorCode::kBadData, ErrorCode::kMissing, ErrorCode::kResource, ErrorCode::kDevice, ErrorCode::kInternal}) {
    EXPECT_EQ(exit_status(code), 1);
  }
}

TEST(Error, WithContextPassesTheValueThrough) {
  EXPECT_EQ(with_context("file", [] { return 7; }), 7);
  try {
    with_context("file", [] { throw missing("no tensor"); });
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "file: no tensor");
    EXPECT_EQ(error.code(), ErrorCode::kMissing);
  }
}

}  // namespace
}  // namespace matinee
