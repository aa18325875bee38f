#include "lib/io/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "lib/base/error.h"
#include "tests/support/odd_offsets.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

std::string file_of(std::string header, std::size_t data_bytes) {
  std::string file(8, '\0');
  const std::uint64_t size = header.size();
  std::memcpy(file.data(), &size, 8);
  return file + header + std::string(data_bytes, '\1');
}

std::string refusal(const std::string& bytes) {
  return error_of([&] { SafetensorsFile(std::as_bytes(std::span(bytes.data(), bytes.size())), "f"); });
}

TEST(Safetensors, RoundTrip) {
  const TemporaryFolder folder;
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const std::vector<std::uint8_t> bytes{7, 8, 9};
  SafetensorsWriter writer(folder.file("t"), "tokens", {{"note", "a \"b\" \n"}});
  writer.declare("bytes", DType::kU8, {3});
  writer.declare("values", DType::kF32, {2, 3});
  writer.declare("none", DType::kI64, {0});
  writer.write("bytes", std::span<const std::uint8_t>(bytes));
  writer.write("values", std::span<const float>(values).first(2));
  writer.write("values", std::span<const float>(values).subspan(2));
  writer.commit();

  const SafetensorsFile file(folder.file("t"), "tokens", "tokenize");
  EXPECT_EQ(file.metadata().at("note"), "a \"b\" \n");
  EXPECT_EQ(file.get("values").shape, (std::vector<std::int64_t>{2, 3}));
  const auto read = file.view<float>("values");
  EXPECT_EQ(std::vector<float>(read.begin(), read.end()), values);
  EXPECT_EQ(file.view<std::uint8_t>("bytes")[2], 9);
  EXPECT_TRUE(file.view<std::int64_t>("none").empty());
  EXPECT_EQ(error_of([&] { const SafetensorsFile other(folder.file("t"), "catalog", "embed"); }),
            folder.file("t") + ": expected a file of kind \"catalog\", found one of kind \"tokens\"; embed makes it");
  EXPECT_EQ(error_of([&] { (void)file.view<double>("values"); }),
            folder.file("t") + ": tensor \"values\": expected dtype F64, found F32");
  EXPECT_EQ(error_of([&] { (void)file.view<float>("nothing"); }), folder.file("t") + ": tensor \"nothing\" is missing");
}

TEST(Safetensors, EmptyTensorMayBeWrittenAtAnyTime) {
  const TemporaryFolder folder;
  const std::vector<float> values{1, 2};
  SafetensorsWriter writer(folder.file("t"), "tokens");
  writer.declare("before", DType::kI64, {0});
  writer.declare("values", DType::kF32, {2});
  writer.declare("after", DType::kU8, {0});
  writer.write("values", std::span<const float>(values));
  writer.write("before", std::span<const std::int64_t>());
  writer.write("after", std::span<const std::uint8_t>());
  EXPECT_NE(error_of([&] { writer.write("other", std::span<const std::uint8_t>()); }), "");
  EXPECT_NE(error_of([&] { writer.write("before", std::as_bytes(std::span(values))); }), "");
  writer.commit();
  EXPECT_EQ(SafetensorsFile(folder.file("t")).tensors().size(), 3u);
}

TEST(Safetensors, DataMayBeginAtAnyByte) {
  const TemporaryFolder folder;
  const std::vector<std::int64_t> values{1, -2, 3};
  SafetensorsWriter writer(folder.file("t"), "tokens");
  writer.declare("values", DType::kI64, {3});
  writer.declare("none", DType::kI64, {0});
  writer.write("values", std::span<const std::int64_t>(values));
  writer.commit();
  testing::shift_to_odd_offsets(folder.file("t"));
  const SafetensorsFile file(folder.file("t"), "tokens", "tokenize");
  const auto view = file.view<std::int64_t>("values");
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(file.data(file.get("values")).data()) % 2, 1u);
  EXPECT_EQ(std::vector<std::int64_t>(view.begin(), view.end()), values);
  EXPECT_EQ(file.view<std::int64_t>("values").data(), view.data());
  EXPECT_TRUE(file.view<std::int64_t>("none").empty());
}

TEST(Safetensors, UnfinishedTensorIsAnError) {
  const TemporaryFolder folder;
  SafetensorsWriter writer(folder.file("t"), "tokens");
  writer.declare("a", DType::kU8, {3});
  EXPECT_NE(error_of([&] { writer.commit(); }), "");
  EXPECT_FALSE(file_exists(folder.file("t")));
}

TEST(Safetensors, NamesEachBrokenRule) {
  const std::string a = R"("a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  EXPECT_EQ(refusal("short"), "f: not a safetensors file: expected at least 8 bytes, found 5");
  EXPECT_EQ(refusal(std::string("\xff\xff\xff\xff\xff\xff\xff\x0f", 8)),
            "f: not a safetensors file: header length 1152921504606846975 is over 100000000");
  EXPECT_EQ(refusal(file_of("{", 0).substr(0, 8)),
            "f: not a safetensors file: header length 1 is more than the 0 bytes that follow");
  EXPECT_NE(refusal(file_of("{\"a\":", 0)).find("f: not a safetensors file: header: not valid JSON"),
            std::string::npos);
  EXPECT_EQ(refusal(file_of("[]", 0)), "f: not a safetensors file: header is no JSON object");
  EXPECT_EQ(refusal(file_of("{" + a + "}", 4)), "");
  EXPECT_EQ(refusal(file_of("{" + a + "," + a + "}", 4)), "f: tensor \"a\" is there twice");
  EXPECT_EQ(refusal(file_of("{" + a + "}", 3)),
            "f: tensor \"a\" ends at byte 4 of 3: the file is cut off; fetch or make it again");
  EXPECT_EQ(refusal(file_of("{" + a + "}", 5)), "f: 1 bytes after the last tensor");
  EXPECT_EQ(refusal(file_of(R"({"a":{"dtype":"U9","shape":[4],"data_offsets":[0,4]}})", 4)).substr(0, 34),
            "f: tensor \"a\": dtype: expected one");
  EXPECT_EQ(refusal(file_of(R"({"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}})", 4)),
            "f: tensor \"a\": shape holds the negative number -4");
  EXPECT_EQ(refusal(file_of(R"({"a":{"dtype":"U8","shape":[5],"data_offsets":[0,4]}})", 4)),
            "f: tensor \"a\": dtype and shape need 5 bytes, data_offsets span 4");
  EXPECT_EQ(refusal(file_of(R"({"a":{"dtype":"F64","shape":[4611686018427387904,4],"data_offsets":[0,4]}})", 4)),
            "f: tensor \"a\": shape overflows 64 bits");
  EXPECT_EQ(refusal(file_of("{" + a + R"(,"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}})", 5)),
            "f: tensor \"b\" overlaps \"a\"");
  EXPECT_EQ(refusal(file_of("{" + a + R"(,"b":{"dtype":"U8","shape":[2],"data_offsets":[5,7]}})", 7)),
            "f: hole of 1 bytes before tensor \"b\"");
}

TEST(Safetensors, RecognizesTheLikelyMistake) {
  EXPECT_NE(refusal(std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00", 9)).find("this is a gzip file"),
            std::string::npos);
  EXPECT_NE(refusal("tconst\tordering\n").find("this is an IMDb TSV file; run tsv2bin first"), std::string::npos);
  EXPECT_NE(refusal("version https://git-lfs.github.com/spec/v1").find("run git lfs pull"), std::string::npos);
}

// Flips each bit of a small file: the result is an Error or a file that can be read; never anything else.
TEST(Safetensors, FlippedBitIsAnErrorOrStillAFile) {
  const std::string good =
      file_of(R"({"__metadata__":{"matinee.kind":"tokens"},"a":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]}})", 4);
  int refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      refused += refusal(bad).empty() ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 300);
}

}  // namespace
}  // namespace matinee
