#include "lib/base/append_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "lib/base/file.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

TEST(AppendLines, CreatesTheFileAndAdds) {
  const TemporaryFolder folder;
  const std::string path = folder.file("lines");
  EXPECT_EQ(read_appended(path), "");
  append_lines(path, "one\ntwo\n");
  append_lines(path, "three\n");
  EXPECT_EQ(read_appended(path), "one\ntwo\nthree\n");
}

TEST(AppendLines, EndsALineThatHasNoEnd) {
  const TemporaryFolder folder;
  const std::string path = folder.file("lines");
  write_file(path, "cut sho");
  append_lines(path, "one\n");
  EXPECT_EQ(read_appended(path), "cut sho\none\n");
}

TEST(AppendLines, AFailedWriteLeavesTheFileAsItWas) {
  const TemporaryFolder folder;
  const std::string path = folder.file("lines");
  append_lines(path, "one\n");
  fail_nth_write(1);
  EXPECT_EQ(error_of([&] { append_lines(path, "two\n"); }), path + ": cannot write: No space left on device");
  EXPECT_EQ(read_appended(path), "one\n");
  append_lines(path, "two\n");
  EXPECT_EQ(read_appended(path), "one\ntwo\n");
}

TEST(AppendLines, APartOfAWriteIsTakenBack) {
  const TemporaryFolder folder;
  const std::string path = folder.file("lines");
  append_lines(path, "one\n");
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{10, 10};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::_exit(error_of([&] { append_lines(path, "too long for the limit\n"); }).empty() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0) << "the write fails";
  EXPECT_EQ(read_appended(path), "one\n");
}

TEST(AppendLines, ProcessesThatAddAtOnceLoseNothing) {
  const TemporaryFolder folder;
  const std::string path = folder.file("lines");
  constexpr int kProcesses = 4, kLines = 200;
  for (int process = 0; process < kProcesses; ++process) {
    if (::fork() != 0) continue;
    const std::string line(static_cast<std::size_t>(100 + process), static_cast<char>('a' + process));
    for (int i = 0; i < kLines; ++i) append_lines(path, line + "\n");
    ::_exit(0);
  }
  for (int process = 0; process < kProcesses; ++process) ::wait(nullptr);
  const std::string text = read_appended(path);
  std::array<int, kProcesses> counts{};
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    ASSERT_NE(end, std::string::npos);
    const std::string line = text.substr(begin, end - begin);
    const int process = line.front() - 'a';
    ASSERT_EQ(line, std::string(static_cast<std::size_t>(100 + process), line.front()));
    ++counts[static_cast<std::size_t>(process)];
    begin = end + 1;
  }
  for (const int count : counts) EXPECT_EQ(count, kLines);
}

TEST(AppendLines, RefusesWhatIsNoRegularFile) {
  const TemporaryFolder folder;
  EXPECT_EQ(error_of([] { append_lines("/dev/null", "x\n"); }), "/dev/null: expected a regular file");
  EXPECT_EQ(error_of([] { read_appended("/dev/zero"); }), "/dev/zero: expected a regular file");
  EXPECT_EQ(error_of([&] { append_lines(folder.path(), "x\n"); }),
            folder.path() + ": cannot open for writing: Is a directory");
  const std::string path = folder.file("none/lines");
  EXPECT_EQ(error_of([&] { append_lines(path, "x\n"); }),
            path + ": cannot open for writing: No such file or directory");
}

}  // namespace
}  // namespace matinee
