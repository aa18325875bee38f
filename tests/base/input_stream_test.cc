#include "lib/base/input_stream.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "lib/base/file.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

TEST(InputStream, NoticesThatItsFileBecameShorter) {
  const TemporaryFolder folder;
  const std::string path = folder.file("f");
  write_file(path, std::string(1000, 'x'));
  InputStream stream(path);
  EXPECT_EQ(stream.size(), 1000u);
  std::vector<std::byte> buffer(400);
  EXPECT_EQ(stream.read(buffer), 400u);
  std::filesystem::resize_file(path, 600);
  EXPECT_EQ(stream.read_some(buffer), 200u);
  EXPECT_EQ(stream.position(), 600u);
  EXPECT_EQ(error_of([&] { stream.read(buffer); }),
            path + ": ends after 600 of its 1000 bytes: it became shorter while it was read");
}

TEST(InputStream, ReadsWhatWasAppendedSinceItWasOpened) {
  const TemporaryFolder folder;
  const std::string path = folder.file("f");
  write_file(path, "abc");
  InputStream stream(path);
  std::filesystem::resize_file(path, 10);
  std::vector<std::byte> buffer(100);
  EXPECT_EQ(stream.read(buffer), 10u);
  EXPECT_EQ(stream.read(buffer), 0u);
}

TEST(InputStream, NamesTheOnlyFileOfAFolder) {
  const TemporaryFolder folder;
  const std::string message = folder.path() + ": cannot read: Is a directory";
  EXPECT_EQ(error_of([&] { InputStream stream(folder.path()); }), message);
  write_file(folder.file("title.basics.tsv"), "");
  EXPECT_EQ(error_of([&] { InputStream stream(folder.path()); }),
            message + "; name the file in it: " + folder.file("title.basics.tsv"));
  write_file(folder.file("another"), "");
  EXPECT_EQ(error_of([&] { InputStream stream(folder.path()); }), message);
}

TEST(InputStream, TakesFilesOfTheKernelThatHaveAnotherSizeThanTheySay) {
  for (const char* path : {"/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"}) {
    if (!file_exists(path)) continue;
    InputStream stream(path);
    std::vector<std::byte> buffer(100'000);
    EXPECT_GT(stream.read(buffer), 0u) << path;
    EXPECT_EQ(stream.read(buffer), 0u) << path;
  }
}

}  // namespace
}  // namespace matinee
