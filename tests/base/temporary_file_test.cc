#include "lib/base/temporary_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "lib/base/file.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

TEST(TemporaryFile, IsWrittenAndMappedByItsPathAndHasNoName) {
  const TemporaryFolder folder;
  MappedFile mapped;
  {
    const TemporaryFile file(folder.path());
    write_file(file.path(), "first, longer");
    write_file(file.path(), "abc");
    mapped = MappedFile(file.path());
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
  EXPECT_EQ(mapped.text(), "abc") << "a mapping outlives the file";
}

TEST(TemporaryFile, IsInTmpdirOrBesideTheOutput) {
  const char* old = std::getenv("TMPDIR");
  const std::string before = old != nullptr ? old : "";
  setenv("TMPDIR", "/some/where", 1);
  EXPECT_EQ(temporary_folder_for("a/b"), "/some/where");
  EXPECT_EQ(temporary_folder_for("-"), "/some/where");
  for (const bool empty : {true, false}) {
    empty ? setenv("TMPDIR", "", 1) : unsetenv("TMPDIR");
    EXPECT_EQ(temporary_folder_for("a/b"), "a");
    EXPECT_EQ(temporary_folder_for("b"), ".");
    EXPECT_EQ(temporary_folder_for("-"), "/tmp");
    EXPECT_EQ(temporary_folder_for(""), "/tmp");
  }
  if (old != nullptr) setenv("TMPDIR", before.c_str(), 1);
}

TEST(Spool, GivesBackWhatItGot) {
  for (const std::size_t pieces : {0u, 1u, 7u, 1000u}) {
    Spool spool;
    std::string all;
    for (std::size_t i = 0; i < pieces; ++i) {
      const std::string piece(i * 11, static_cast<char>('a' + i % 26));
      spool.append(std::as_bytes(std::span(piece)));
      all += piece;
    }
    EXPECT_EQ(spool.size(), all.size());
    std::string back;
    spool.replay([&](std::span<const std::byte> bytes) {
      back.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    });
    EXPECT_TRUE(back == all) << pieces;
  }
}

TEST(Spool, NamesTheFolderAndTheVariable) {
  const char* old = std::getenv("TMPDIR");
  const std::string before = old != nullptr ? old : "";
  setenv("TMPDIR", "/nowhere", 1);
  Spool spool;
  const std::vector<std::byte> bytes(2'000'000);
  const std::string error = error_of([&] { spool.append(bytes); });
  old != nullptr ? setenv("TMPDIR", before.c_str(), 1) : unsetenv("TMPDIR");
  EXPECT_EQ(error,
            "/nowhere: cannot make a temporary file: No such file or directory; set TMPDIR to a folder with room");
}

}  // namespace
}  // namespace matinee
