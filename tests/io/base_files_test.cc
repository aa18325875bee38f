#include "lib/io/base_files.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "lib/base/file.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

TEST(BaseFiles, AFileIsGgufByItsFirstBytesOrItsEnding) {
  const TemporaryFolder folder;
  write_file(folder.file("sha256-1234"), "GGUF\3");
  write_file(folder.file("cut.gguf"), "GG");
  write_file(folder.file("tokenizer.json"), "{}");
  EXPECT_EQ(gguf_of_base(folder.file("sha256-1234")), folder.file("sha256-1234"));
  EXPECT_EQ(gguf_of_base(folder.file("cut.gguf")), folder.file("cut.gguf"));
  EXPECT_EQ(gguf_of_base(folder.file("tokenizer.json")), std::nullopt);
  EXPECT_EQ(gguf_of_base(folder.file("nothing.gguf")), std::nullopt);
}

TEST(BaseFiles, AFolderIsGgufWhereItHasNoOtherWeights) {
  const TemporaryFolder folder;
  EXPECT_EQ(gguf_of_base(folder.path()), std::nullopt);
  write_file(folder.file("config.json"), "{}");
  write_file(folder.file("b.gguf"), "GGUF");
  EXPECT_EQ(gguf_of_base(folder.path()), folder.path() + "/b.gguf");
  for (const char* other : {"model-00001-of-00002.safetensors", "pytorch_model.bin", "consolidated.00.pth"}) {
    write_file(folder.file(other), "");
    EXPECT_EQ(gguf_of_base(folder.path()), std::nullopt) << other;
    std::remove(folder.file(other).c_str());
  }
  write_file(folder.file("a.gguf"), "GGUF");
  EXPECT_EQ(error_of([&] { gguf_of_base(folder.path()); }),
            folder.path() + ": expected one .gguf file, found a.gguf, b.gguf; name one: " + folder.path() + "/a.gguf");
}

}  // namespace
}  // namespace matinee
