#include "lib/base/tool.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <new>
#include <regex>
#include <stdexcept>

#include "lib/base/error.h"
#include "lib/base/file.h"

namespace matinee {
namespace {

const ToolDescription kTool{"tool",
                            "does something",
                            "[options] [FILE]",
                            "First paragraph.\n\nSecond one.",
                            {"tool -n 2", "tool -n 3 | head"},
                            "other(1)"};

struct Outcome {
  int status;
  std::string out, err;
};

Outcome run(std::vector<const char*> words, const std::function<int(ToolContext&)>& body) {
  words.insert(words.begin(), "tool");
  int number = 1;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = run_tool(
      static_cast<int>(words.size()), const_cast<char**>(words.data()), kTool, kThreads | kSeed | kProgress | kStats,
      [&](OptionSet& set) { set.integer("number,n", &number, 1, 9, "a number"); }, body);
  return {status, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

int nothing(ToolContext&) { return 0; }

TEST(Tool, HelpHasAllParts) {
  const Outcome help = run({"-n", "99", "--help"}, nothing);
  EXPECT_EQ(help.status, 0);
  EXPECT_EQ(help.out.substr(0, help.out.find("Options:")),
            "tool: does something\n\n    tool -n 2\n\nUsage: tool [options] [FILE]\n\nFirst paragraph.\n\nSecond "
            "one.\n\nExamples:\n"
            "  tool -n 3 | head\n\n");
  for (const char* part : {"-n, --number N", "--threads N", "--seed N", "--progress WORD", "See also: other(1)"})
    EXPECT_NE(help.out.find(part), std::string::npos) << part;
  EXPECT_EQ(help.out.find("--device"), std::string::npos) << "the tool does not take it";
  EXPECT_EQ(run({"--version"}, nothing).out.substr(0, 15), "tool (Matinee) ");
}

TEST(Tool, ExitStatusFollowsFromTheError) {
  EXPECT_EQ(run({}, [](ToolContext&) { return 3; }).status, 3);
  const Outcome usage = run({"-n", "99"}, nothing);
  EXPECT_EQ(usage.status, 2);
  EXPECT_EQ(usage.err, "tool: --number: expected a whole number from 1 to 9, found \"99\"\n");
  const Outcome data = run({}, [](ToolContext&) -> int { throw Error(ErrorCode::kBadData, "bad"); });
  EXPECT_EQ(data.status, 1);
  EXPECT_EQ(data.err, "tool: bad\n");
  EXPECT_EQ(run({}, [](ToolContext&) -> int { throw ClosedPipe{}; }).status, 0);
  const Outcome memory = run({}, [](ToolContext&) -> int { throw std::bad_alloc(); });
  EXPECT_EQ(memory.status, 1);
  EXPECT_EQ(memory.err.substr(0, 22), "tool: out of memory at");
  const Outcome bug = run({}, [](ToolContext&) -> int { throw std::runtime_error("odd"); });
  EXPECT_EQ(bug.status, 1);
  EXPECT_EQ(bug.err, "tool: unexpected failure: odd (a bug of Matinee; please report it)\n");
}

TEST(Tool, TheBodyGetsTheCommonOptions) {
  const Outcome outcome =
      run({"--threads", "3", "--seed", "7", "--progress", "none", "--verbose"}, [](ToolContext& tool) {
        EXPECT_EQ(tool.threads(), 3);
        EXPECT_EQ(tool.common().seed, 7u);
        EXPECT_EQ(tool.common().progress, ProgressStyle::kNone);
        tool.note("a note");
        return 0;
      });
  EXPECT_EQ(outcome.err.substr(0, 13), "tool: a note\n");
  EXPECT_NE(outcome.err.find("peak memory"), std::string::npos);
  run({}, [](ToolContext& tool) {
    EXPECT_GT(tool.threads(), 0) << "0 stands for every processor";
    return 0;
  });
}

TEST(Tool, StatsSayWhatWasDoneAndTheShareOfTheLimit) {
  const auto body = [](ToolContext& tool) {
    tool.finished(5'000'000);
    tool.finished({12, "movies"});
    tool.finished({3'000'000, "bytes", 3'000'000, {"inflating", 1e15}});
    return 0;
  };
  EXPECT_EQ(run({}, body).err, "") << "only with --stats";
  const std::string text = run({"--stats", "--threads", "2"}, body).err;
  EXPECT_TRUE(std::regex_match(
      text, std::regex("tool: 5\\.00 MB in 0\\.\\d+ s \\([\\d.]+ .B/s, \\d+ % of a memory copy with 2 threads at "
                       "[\\d.]+ .B/s\\), [\\d.]+ .B of memory\n"
                       "tool: 12 movies in 0\\.\\d+ s \\([\\d.]+ movies/s\\), [\\d.]+ .B of memory\n"
                       "tool: 3\\.00 MB in 0\\.\\d+ s \\([\\d.]+ .B/s, 0 % of inflating at 1000 TB/s\\), "
                       "[\\d.]+ .B of memory\n")))
      << text;
}

// In processes of their own: the first signal is only a request, the second one ends the process.
TEST(Tool, FirstSignalIsARequestSecondEndsTheProcess) {
  const auto status_of = [](int signals) {
    const pid_t child = fork();
    if (child == 0) {
      watch_stop_signals();
      if (stop_requested()) _exit(1);
      for (int i = 0; i < signals; ++i) std::raise(SIGTERM);
      _exit(stop_requested() && stop_signal() == SIGTERM ? 7 : 2);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  EXPECT_EQ(status_of(1), 7);
  EXPECT_EQ(status_of(2), 128 + SIGTERM);
}

}  // namespace
}  // namespace matinee
