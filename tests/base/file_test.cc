#include "lib/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "lib/base/error.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

std::size_t files_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(OutputFile, AppearsOnlyAtCommit) {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  {
    OutputFile file(path);
    file.write("hello");
    EXPECT_FALSE(file_exists(path));
    file.commit();
  }
  EXPECT_EQ(read_file(path), "hello");
  EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(OutputFile, LeavesTheOldFileAndNothingElseWithoutCommit) {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  write_file(path, "old");
  {
    OutputFile file(path);
    file.write("new");
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(files_in(folder.path()), 1u);
}

// Fails the n-th write for every n until all succeed: each time the old file is unchanged and nothing else is left.
TEST(OutputFile, SurvivesAFaultAtAnyWrite) {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  const std::string contents(1'000'000, 'x');
  for (std::uint64_t n = 1;; ++n) {
    write_file(path, "old");
    fail_nth_write(n);
    const std::string error = error_of([&] {
      OutputFile file(path);
      for (std::size_t i = 0; i < contents.size(); i += 100'000) file.write(contents.substr(i, 100'000));
      file.commit();
    });
    fail_nth_write(0);
    EXPECT_EQ(files_in(folder.path()), 1u);
    if (error.empty()) {
      EXPECT_GT(n, 3u);
      EXPECT_EQ(read_file(path), contents);
      break;
    }
    EXPECT_EQ(error, path + ": cannot write: No space left on device");
    EXPECT_EQ(read_file(path), "old");
  }
}

TEST(OutputFile, LeavesNothingWhenItsProcessIsKilled) {
  const TemporaryFolder folder;
  write_file(folder.file("old"), "old");
  const pid_t child = fork();
  if (child == 0) {
    OutputFile fresh(folder.file("new")), replacing(folder.file("old"));
    fresh.write(std::string(1'000'000, 'x'));
    replacing.write(std::string(1'000'000, 'x'));
    std::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(files_in(folder.path()), 1u);
  EXPECT_EQ(read_file(folder.file("old")), "old");
}

TEST(OutputFile, ReplacesAFileWithTheUsualPermissions) {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  const mode_t mask = umask(027);
  write_file(path, "old");
  write_file(path, "new");
  umask(mask);
  EXPECT_EQ(read_file(path), "new");
  EXPECT_EQ(std::filesystem::status(path).permissions(), static_cast<std::filesystem::perms>(0640));
  EXPECT_EQ(error_of([&] { write_file(folder.file("none/out"), "x"); }),
            folder.file("none/out") + ": cannot create: No such file or directory");
}

TEST(OutputFile, ReportsAFullDisk) {
  EXPECT_EQ(error_of([] { write_file("/dev/full", "x"); }), "/dev/full: cannot write: No space left on device");
}

TEST(MappedFile, SaysThatStdinCannotBeMapped) {
  EXPECT_EQ(error_of([] { MappedFile file("-"); }),
            "<stdin>: this file is mapped, which a pipe cannot be; write it to a file first");
}

TEST(MappedFile, ShowsTheBytes) {
  const TemporaryFolder folder;
  write_file(folder.file("a"), "abc");
  write_file(folder.file("empty"), "");
  EXPECT_EQ(MappedFile(folder.file("a")).text(), "abc");
  EXPECT_EQ(MappedFile(folder.file("empty")).text(), "");
  EXPECT_EQ(error_of([&] { MappedFile(folder.file("none")); }),
            folder.file("none") + ": cannot open: No such file or directory");
  EXPECT_EQ(error_of([&] { MappedFile(folder.path()); }), folder.path() + ": cannot read: Is a directory");
}

}  // namespace
}  // namespace matinee
