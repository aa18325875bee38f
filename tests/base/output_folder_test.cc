#include "lib/base/output_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "lib/base/file.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

TEST(OutputFolder, AppearsWholeOrNotAtAll) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a/b");
  {
    OutputFolder out(path + "/");
    write_file(out.path() + "/f", "x");
    EXPECT_FALSE(file_exists(path));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.file("a"))) << "what was not finished must be gone";
  OutputFolder out(path);
  write_file(out.path() + "/f", "x");
  out.commit();
  EXPECT_EQ(read_file(path + "/f"), "x");
  EXPECT_NE(error_of([&] { OutputFolder again(path); }).find("it exists already"), std::string::npos);
}

TEST(OutputFolder, IsRemovedByASignal) {
  const TemporaryFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    OutputFolder out(folder.file("a"));
    std::filesystem::create_directories(out.path() + "/deep/er");
    for (int i = 0; i < 200; ++i) write_file(out.path() + "/deep/er/" + std::string(100, 'f') + std::to_string(i), "x");
    OutputFile open(out.path() + "/open");
    open.write("x");
    std::raise(SIGINT);
    _exit(2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(OutputFolder, RemovesWhatAKilledProcessLeft) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a"), unfinished = path + ".matinee-unfinished";
  std::filesystem::create_directories(unfinished + "/deep");
  write_file(unfinished + "/old", "x");
  OutputFolder out(path);
  EXPECT_EQ(out.path(), unfinished);
  EXPECT_TRUE(std::filesystem::is_empty(unfinished));
  EXPECT_EQ(error_of([&] { OutputFolder second(path); }), path + ": another process is writing it");
  write_file(out.path() + "/f", "x");
  out.commit();
  EXPECT_FALSE(file_exists(unfinished));
  EXPECT_FALSE(file_exists(path + "/old"));
}

}  // namespace
}  // namespace matinee
