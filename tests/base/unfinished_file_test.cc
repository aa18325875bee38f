#include "lib/base/unfinished_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "lib/base/file.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::TemporaryFolder;

// A shell script starts jobs in the background with SIGINT ignored, and the library leaves ignored signals alone.
[[maybe_unused]] const auto kBefore = std::signal(SIGINT, SIG_DFL);

std::size_t files_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

// A child that writes two files as on a file system without O_TMPFILE, and gets a signal before it commits them.
int ended_by(int signal, const TemporaryFolder& folder) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("MATINEE_NO_UNNAMED_FILES", "1", 1);
    OutputFile fresh(folder.file("new")), replacing(folder.file("old"));
    fresh.write(std::string(1'000'000, 'x'));
    replacing.write(std::string(1'000'000, 'x'));
    if (files_in(folder.path()) != 3) _exit(1);
    std::raise(signal);
    _exit(2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

TEST(UnfinishedFile, IsRemovedByTheSignalsThatEndAProcess) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const TemporaryFolder folder;
    write_file(folder.file("old"), "old");
    EXPECT_EQ(ended_by(signal, folder), signal);
    EXPECT_EQ(files_in(folder.path()), 1u);
    EXPECT_EQ(read_file(folder.file("old")), "old");
  }
}

TEST(UnfinishedFile, WhatAKilledProcessLeftIsRemovedByTheNextWhenItIsOld) {
  const TemporaryFolder folder;
  write_file(folder.file("old"), "old");
  EXPECT_EQ(ended_by(SIGKILL, folder), SIGKILL);
  EXPECT_EQ(files_in(folder.path()), 3u);
  UnfinishedFile other = UnfinishedFile::create(folder.file("new"));
  EXPECT_EQ(files_in(folder.path()), 4u) << "a young one may be in use where there are no locks";
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    std::filesystem::last_write_time(entry, std::filesystem::file_time_type::clock::now() - std::chrono::minutes(5));
  const UnfinishedFile next = UnfinishedFile::create(folder.file("new"));
  EXPECT_TRUE(file_exists(other.path())) << "its process holds a lock";
  EXPECT_EQ(files_in(folder.path()), 4u) << "old, its unfinished one, and the two of this process";
}

TEST(UnfinishedFile, IsKeptOnRequestOnly) {
  const TemporaryFolder folder;
  {
    UnfinishedFile kept = UnfinishedFile::create(folder.file("a"));
    const UnfinishedFile dropped = UnfinishedFile::create(folder.file("b"));
    EXPECT_EQ(files_in(folder.path()), 2u);
    std::filesystem::rename(kept.path(), folder.file("a"));
    kept.keep();
  }
  EXPECT_EQ(files_in(folder.path()), 1u);
  EXPECT_TRUE(file_exists(folder.file("a")));
}

}  // namespace
}  // namespace matinee
