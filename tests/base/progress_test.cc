#include "lib/base/progress.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace matinee {
namespace {

template <class Body>
std::string printed(const Body& body) {
  testing::internal::CaptureStderr();
  body();
  return testing::internal::GetCapturedStderr();
}

TEST(Progress, PlainLinesShowWhatIsDone) {
  const std::string text = printed([] {
    Progress progress(ProgressStyle::kPlain, "tool", "reading", 4, "rows");
    progress.advance(3);
    progress.status("loss 1.5");
    progress.advance();
  });
  EXPECT_EQ(text.substr(0, 31), "tool: reading  75% 3/4 rows, le");
  EXPECT_NE(text.find("tool: reading 100% 4/4 rows  loss 1.5, took 0:00\n"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << "one line at once, then one in 5 seconds, then the last";
}

TEST(Progress, UnknownTotalIsPrintedAsACount) {
  EXPECT_EQ(printed([] {
              Progress progress(ProgressStyle::kPlain, "tool", "reading", 0, "bytes");
              progress.finish();
              progress.finish();
            }),
            "tool: reading 0 bytes, took 0:00\n");
}

TEST(Progress, BytesAreShownInLargerUnitsAndAPlaceNeverFallsBack) {
  const std::string text = printed([] {
    Progress progress(ProgressStyle::kPlain, "tool", "reading", 2'700'000'000, "bytes");
    progress.reach(1'350'000'000);
    progress.reach(7);
  });
  EXPECT_EQ(text.substr(0, 40), "tool: reading  50% 1.35 GB of 2.70 GB, l") << text;
  EXPECT_NE(text.find("tool: reading  50% 1.35 GB of 2.70 GB, took 0:00\n"), std::string::npos) << text;
}

TEST(Progress, TheTotalCanComeLater) {
  const std::string text = printed([] {
    Progress progress(ProgressStyle::kPlain, "tool", "reading", 0, "bytes");
    progress.reach(500, 1000);
  });
  EXPECT_EQ(text.substr(0, text.find('\n')), "tool: reading  50% 500 bytes of 1.00 kB, left 0:00") << text;
}

TEST(Progress, PrintsNothingWithoutATerminal) {
  for (const ProgressStyle style : {ProgressStyle::kNone, ProgressStyle::kAuto}) {
    EXPECT_EQ(printed([&] {
                Progress progress(style, "tool", "reading", 2, "rows");
                progress.advance(2);
              }),
              "");
  }
}

TEST(Progress, MovedProgressEndsOnce) {
  const std::string text = printed([] {
    Progress first(ProgressStyle::kPlain, "tool", "a", 1, "rows");
    Progress second(std::move(first));
    second = Progress(ProgressStyle::kPlain, "tool", "b", 1, "rows");
  });
  EXPECT_EQ(text, "tool: a   0% 0/1 rows, took 0:00\ntool: b   0% 0/1 rows, took 0:00\n");
}

}  // namespace
}  // namespace matinee
