#include "lib/base/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

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

// Stderr is a terminal as long as this lives.
class TerminalOnStderr {
 public:
  TerminalOnStderr() : before_(dup(STDERR_FILENO)), user_(posix_openpt(O_RDWR | O_NOCTTY)) {
    setenv("TERM", "xterm", 1);
    EXPECT_EQ(grantpt(user_) | unlockpt(user_), 0);
    const int terminal = open(ptsname(user_), O_RDWR | O_NOCTTY);
    EXPECT_EQ(dup2(terminal, STDERR_FILENO), STDERR_FILENO);
    close(terminal);
  }
  ~TerminalOnStderr() {
    dup2(before_, STDERR_FILENO);
    close(before_);
    if (user_ >= 0) close(user_);
  }
  // What is on the way to the user.
  std::string shown() const {
    constexpr int kMilliseconds = 100;  // the kernel passes it on later
    std::string text;
    char piece[4096];
    for (pollfd ready{user_, POLLIN, 0}; poll(&ready, 1, kMilliseconds) > 0;) {
      const ssize_t size = read(user_, piece, sizeof piece);
      if (size <= 0) break;
      text.append(piece, static_cast<std::size_t>(size));
    }
    return text;
  }
  void hang_up() { close(std::exchange(user_, -1)); }

 private:
  int before_, user_;
};

constexpr std::chrono::milliseconds kLong{1300}, kHalf{600};

TEST(Progress, ABarGoesOnWhileNothingIsCounted) {
  const TerminalOnStderr terminal;
  Progress progress(ProgressStyle::kAuto, "tool", "reading", 4, "rows");
  progress.advance();
  std::this_thread::sleep_for(kLong);
  std::string text = terminal.shown();
  EXPECT_NE(text.find("\rtool: reading  25% 1/4 rows, left 0:0"), std::string::npos) << text;
  EXPECT_GE(std::count(text.begin(), text.end(), '\r'), 2) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  progress.finish();
  progress.finish();
  text = terminal.shown();
  EXPECT_NE(text.find(" 25% 1/4 rows, "), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(", took 0:01\033[K\r\n")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST(Progress, ShortWorkHasNoBar) {
  const TerminalOnStderr terminal;
  {
    Progress progress(ProgressStyle::kAuto, "tool", "reading", 4, "rows");
    progress.advance(4);
  }
  EXPECT_EQ(terminal.shown(), "");
}

TEST(Progress, WithoutAUnitTheTimeIsShown) {
  const TerminalOnStderr terminal;
  {
    const Progress progress(ProgressStyle::kAuto, "tool", "writing", 0, "");
    std::this_thread::sleep_for(kHalf);
  }
  const std::string text = terminal.shown();
  EXPECT_TRUE(text.ends_with("\rtool: writing 0:01\033[K\r\n")) << text;
}

TEST(Progress, ATerminalMayHangUp) {
  TerminalOnStderr terminal;
  Progress progress(ProgressStyle::kAuto, "tool", "reading", 4, "rows");
  terminal.hang_up();
  std::this_thread::sleep_for(kHalf);
  EXPECT_NO_THROW(progress.advance());
  close(STDERR_FILENO);
  EXPECT_NO_THROW(progress.finish());
}

}  // namespace
}  // namespace matinee
