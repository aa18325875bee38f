#include "lib/io/gguf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "lib/base/half.h"
#include "lib/base/random.h"
#include "lib/io/gguf_writer.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

std::vector<float> some_values(std::size_t n) {
  Random random(7, "values");
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

// A file with values of every kind that we write and one tensor in each format.
std::string small_file() {
  const TemporaryFolder folder;
  GgufWriter writer(folder.file("m.gguf"));
  writer.add("general.architecture", GgufValue::text("llama"));
  writer.add("llama.block_count", GgufValue::u32(3));
  writer.add("llama.attention.layer_norm_rms_epsilon", GgufValue::f32(1e-5f));
  writer.add("tokenizer.ggml.add_bos_token", GgufValue::boolean(true));
  writer.add("tokenizer.ggml.tokens", GgufValue::texts({"a", "", "b\xC3\xA4"}));
  writer.add("tokenizer.ggml.token_type", GgufValue::i32s(std::vector<std::int32_t>{1, 3, -6}));
  writer.add("tokenizer.ggml.scores", GgufValue::f32s(std::vector<float>{0, -1.5f, 2}));
  for (const GgufCodec& codec : gguf_codecs()) writer.declare(codec.name, codec.format, {3, 256});
  writer.declare("norm", GgufFormat::kF32, {7});
  const auto values = some_values(768);
  for (const GgufCodec& codec : gguf_codecs()) {
    writer.write(codec.name, std::span(values).first(256));
    writer.write(codec.name, std::span(values).subspan(256));
  }
  writer.write("norm", std::span(values).first(7));
  writer.commit();
  return read_file(folder.file("m.gguf"));
}

GgufFile opened(const std::string& bytes) { return {std::as_bytes(std::span(bytes)), "m.gguf"}; }

// The file with `bytes` written `skip` bytes after the first occurrence of `before`.
std::string with(std::string file, const std::string& before, std::size_t skip, const std::string& bytes) {
  const std::size_t at = file.find(before);
  EXPECT_NE(at, std::string::npos);
  return file.replace(at + before.size() + skip, bytes.size(), bytes);
}
std::string number(std::uint64_t value) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &value, 8);
  return bytes;
}

TEST(Gguf, GivesBackWhatWasWritten) {
  const std::string bytes = small_file();
  const GgufFile file = opened(bytes);
  EXPECT_EQ(file.get("general.architecture").as_text(), "llama");
  EXPECT_EQ(file.get("llama.block_count").as_unsigned(), 3u);
  EXPECT_EQ(file.get("llama.attention.layer_norm_rms_epsilon").as_real(), static_cast<double>(1e-5f));
  EXPECT_TRUE(file.get("tokenizer.ggml.add_bos_token").as_bool());
  EXPECT_EQ(file.get("tokenizer.ggml.tokens").as_texts(), (std::vector<std::string>{"a", "", "b\xC3\xA4"}));
  EXPECT_EQ(file.get("tokenizer.ggml.token_type").as_i32s(), (std::vector<std::int32_t>{1, 3, -6}));
  EXPECT_EQ(file.get("tokenizer.ggml.scores").as_f32s(), (std::vector<float>{0, -1.5f, 2}));
  EXPECT_EQ(file.tensor("norm").shape, (std::vector<std::int64_t>{7}));
  const auto values = some_values(768);
  for (const GgufCodec& codec : gguf_codecs()) {
    const GgufTensor& tensor = file.tensor(codec.name);
    EXPECT_EQ(tensor.shape, (std::vector<std::int64_t>{3, 256}));
    EXPECT_EQ(tensor.offset % 32, 0u);
    std::vector<std::byte> encoded;
    encode_gguf(codec.format, values, encoded);
    EXPECT_TRUE(std::ranges::equal(file.data(tensor), encoded)) << codec.name;
  }
}

TEST(Gguf, EmptyTensorsAndListsWork) {
  const TemporaryFolder folder;
  GgufWriter writer(folder.file("m.gguf"));
  writer.add("none", GgufValue::i32s({}));
  for (const GgufCodec& codec : gguf_codecs()) writer.declare(codec.name, codec.format, {0, 256});
  for (const GgufCodec& codec : gguf_codecs()) writer.write(codec.name, {});
  writer.commit();
  const GgufFile file(folder.file("m.gguf"));
  EXPECT_TRUE(file.get("none").as_i32s().empty());
  std::vector<float> values;
  for (const GgufTensor& tensor : file.tensors()) decode_gguf(tensor.format, file.data(tensor), values);
  EXPECT_EQ(file.tensors().size(), gguf_codecs().size());
}

TEST(Gguf, BrokenFilesAreRefusedWithThePosition) {
  const std::string good = small_file();
  const auto error = [](const std::string& bytes) { return error_of([&] { opened(bytes); }); };
  EXPECT_EQ(error(good), "");
  const struct {
    std::string file, message;
  } cases[] = {
      {"", "the file ends inside the magic"},
      {"GGML" + good.substr(4), "does not begin with GGUF"},
      {with(good, "GGUF", 0, std::string("\1\0\0\0", 4)), "expected version 2 or 3 of GGUF, found 1"},
      {with(good, "GGUF", 0, std::string("\0\0\0\3", 4)), "the file is big-endian"},
      {with(good, "GGUF", 4, number(std::uint64_t{1} << 60)), "1152921504606846976 tensors do not fit"},
      {with(good, "GGUF", 12, number(std::uint64_t{1} << 60)), "metadata values do not fit"},
      {with(good, "llama.block_count", 0, std::string("\x63\0\0\0", 4)),
       "\"llama.block_count\": there is no value type 99"},
      {with(good, "tokenizer.ggml.tokens", 8, number(std::uint64_t{1} << 61)), "texts do not fit"},
      {with(good, "tokenizer.ggml.token_type", 8, number(std::uint64_t{1} << 62)), "numbers do not fit"},
      {with(good, "F16", 4, number(std::uint64_t{1} << 50)), "tensor \"F16\": its shape overflows"},
      {with(good, "F16", 20, std::string("\12\0\0\0", 4)), "tensor \"F16\": format 10 is not understood; expected one"},
      {with(good, "Q6_K", 4, number(64)), "tensor \"Q6_K\": rows of 64 do not divide into blocks of 256"},
      {with(good, "Q8_0", 4, number(33)), "tensor \"Q8_0\": rows of 33 do not divide into blocks of 32"},
      {with(good, "F16", 24, number(33)), "tensor \"F16\": offset 33 is no multiple of 32"},
      {with(good, "F16", 24, number(0)), "overlaps"},
      {with(good, "BF16", 24, number(std::uint64_t{1} << 59)), "tensor \"BF16\" of 1536 bytes"},
      {good.substr(0, good.size() - 20), "tensor \"norm\" of 28 bytes"},
  };
  for (const auto& each : cases) {
    EXPECT_NE(error(each.file).find(each.message), std::string::npos) << error(each.file) << " / " << each.message;
  }
  std::string twice = good;
  twice.replace(twice.find("BF16"), 4, "Q8_0");
  EXPECT_NE(error(twice).find("tensor \"Q8_0\" is there twice"), std::string::npos);
}

TEST(Gguf, Version2IsTheSameFormat) {
  const std::string good = small_file(), older = with(good, "GGUF", 0, std::string("\2\0\0\0", 4));
  EXPECT_EQ(opened(older).tensors().size(), opened(good).tensors().size());
}

TEST(Gguf, FlippedBytesAndTruncationDoNoHarm) {
  const std::string good = small_file();
  for (std::size_t at = 0; at < good.size(); at += at < 1200 ? 1 : 97) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x41);
    error_of([&] {
      const GgufFile file = opened(bytes);
      for (const GgufTensor& tensor : file.tensors()) EXPECT_EQ(file.data(tensor).size(), tensor.bytes);
    });
    EXPECT_NE(error_of([&] { opened(good.substr(0, std::min(at, good.size() - 5))); }), "");
  }
}

TEST(Half, EveryHalfSurvivesAndRoundingIsToEven) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = half_to_float(static_cast<std::uint16_t>(bits));
    if (!std::isnan(value)) {
      EXPECT_EQ(to_half(value), bits);
    }
  }
  EXPECT_EQ(half_to_float(to_half(1 + 1.0f / 2048)), 1);               // a tie, to even
  EXPECT_EQ(half_to_float(to_half(1 + 3.0f / 2048)), 1 + 1.0f / 512);  // likewise
  EXPECT_TRUE(std::isinf(half_to_float(to_half(65520))));
}

}  // namespace
}  // namespace matinee
