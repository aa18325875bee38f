// The codecs of GGUF's tensor formats. scripts/compare-gguf compares many more blocks with llama.cpp's library.
#include "lib/io/gguf_formats.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "lib/base/half.h"
#include "lib/base/random.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

// The bytes of the goldens: the highest byte of x = 1664525 x + 1013904223 from 1.
std::vector<std::byte> sequence(std::size_t n) {
  std::vector<std::byte> bytes(n);
  std::uint32_t x = 1;
  for (std::byte& byte : bytes) byte = static_cast<std::byte>((x = x * 1664525u + 1013904223u) >> 24);
  return bytes;
}

// FNV-1a.
std::uint64_t hash_of(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::byte byte : bytes) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3;
  return hash;
}

struct Golden {
  const char* name;
  std::uint64_t decoded, encoded;
};
// Hashes of what llama.cpp's library (llama-cpp-python 0.3.36) makes: the values of 64 blocks of bytes of the sequence,
// with NaN as 0x7fc00000, and the blocks of numbers of many sizes; printed by scripts/compare-gguf --goldens.
constexpr Golden kGoldens[] = {
    {"F32", 0xa92ed555e090f8c0, 0xdb7daf8d6e83daf4},  {"F16", 0xbea3449bc0970f37, 0x0561e27bdd1fa598},
    {"Q4_0", 0x9a6ebf96a3a5a38e, 0x35a4efbeeef055e4}, {"Q4_1", 0x10c0fc125a2b9238, 0xd200b955494052d2},
    {"Q5_0", 0x2f2b6a84497a81ba, 0xb4e129351e9eb955}, {"Q5_1", 0x04d5bac09142cd92, 0xdf5428d2899b32f9},
    {"Q8_0", 0xbf01f829e702757e, 0xe13b6b0ab914f28f}, {"Q4_K", 0x6004664af71fa20e, 0xc7d605cd6fd41b50},
    {"Q5_K", 0x6626c8b3999d95b8, 0xedf8797898d5b3a8}, {"Q6_K", 0x963f2a2e0a781def, 0x6f7e12c0cc39f349},
    {"BF16", 0xa7ca3e543a83a783, 0x5be90f9640bb79d9},
};

TEST(GgufFormats, EqualLlamaCppBitForBit) {
  ASSERT_EQ(std::size(kGoldens), gguf_codecs().size());
  for (std::size_t f = 0; f < std::size(kGoldens); ++f) {
    const GgufCodec& codec = gguf_codecs()[f];
    ASSERT_STREQ(codec.name, kGoldens[f].name);
    std::vector<float> values(64 * codec.block);
    decode_gguf(codec.format, sequence(64 * codec.block_bytes), values);
    for (float& value : values) {
      if (std::isnan(value)) value = std::bit_cast<float>(0x7fc00000u);
    }
    EXPECT_EQ(hash_of(std::as_bytes(std::span(values))), kGoldens[f].decoded) << codec.name << " decoded";

    values.resize(16 * codec.block);
    const auto bytes = sequence(2 * values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::int16_t number = 0;
      std::memcpy(&number, bytes.data() + 2 * i, 2);
      const float root = static_cast<float>(number) / 32768;
      values[i] = root * root * root;
    }
    std::vector<std::byte> encoded;
    encode_gguf(codec.format, values, encoded);
    EXPECT_EQ(hash_of(encoded), kGoldens[f].encoded) << codec.name << " encoded";
  }
}

TEST(GgufFormats, LoseNoMoreThanTheirBits) {
  Random random(7, "values");
  std::vector<float> values(2560), back(2560);
  for (float& value : values) value = static_cast<float>(random.normal());
  // Root mean square of the error on normally distributed numbers: about range / 2^bits / sqrt(12) of a group.
  const std::map<std::string, double> bounds{{"F32", 0},      {"F16", 3e-4},    {"BF16", 2e-3},  {"Q8_0", 0.006},
                                             {"Q4_0", 0.1},   {"Q4_1", 0.085},  {"Q5_0", 0.05},  {"Q5_1", 0.042},
                                             {"Q4_K", 0.075}, {"Q5_K", 0.0375}, {"Q6_K", 0.0185}};
  for (const GgufCodec& codec : gguf_codecs()) {
    std::vector<std::byte> bytes;
    encode_gguf(codec.format, values, bytes);
    EXPECT_EQ(bytes.size(), bytes_of(codec.format, values.size()));
    decode_gguf(codec.format, bytes, back);
    double squares = 0;
    for (std::size_t i = 0; i < values.size(); ++i) squares += std::pow(back[i] - values[i], 2);
    const double error = std::sqrt(squares / static_cast<double>(values.size()));
    EXPECT_LE(error, bounds.at(codec.name)) << codec.name;
    EXPECT_GE(error, 0.6 * bounds.at(codec.name)) << codec.name;
  }
}

TEST(GgufFormats, ZerosTinyAndHugeNumbersStayFinite) {
  for (const float value : {0.0f, -0.0f, 1e-42f, 1e-38f, -3e-9f, 6e4f}) {
    for (const GgufCodec& codec : gguf_codecs()) {
      std::vector<float> values(256, value), back(256);
      values[3] = 0;
      std::vector<std::byte> bytes;
      encode_gguf(codec.format, values, bytes);
      decode_gguf(codec.format, bytes, back);
      // Scales are float16, whose least number is 6e-8.
      for (std::size_t i = 0; i < 256; ++i)
        EXPECT_NEAR(back[i], values[i], 0.1 * std::fabs(value) + 1e-6) << codec.name;
    }
  }
}

TEST(GgufFormats, Q8_0RoundsHalvesAwayFromZero) {
  // Largest 127, so the scale is 1.
  std::vector<float> values(32, 0.5f);
  values[0] = 127;
  values[1] = -2.5f;
  values[2] = -63.4f;
  values[3] = 0.49999997f;
  std::vector<std::byte> bytes;
  encode_gguf(GgufFormat::kQ8_0, values, bytes);
  ASSERT_EQ(bytes.size(), 34u);
  std::uint16_t scale = 0;
  std::memcpy(&scale, bytes.data(), 2);
  EXPECT_EQ(half_to_float(scale), 1.0f);
  EXPECT_EQ(static_cast<std::int8_t>(bytes[2]), 127);
  EXPECT_EQ(static_cast<std::int8_t>(bytes[3]), -3);
  EXPECT_EQ(static_cast<std::int8_t>(bytes[4]), -63);
  EXPECT_EQ(static_cast<std::int8_t>(bytes[5]), 0);
  EXPECT_EQ(static_cast<std::int8_t>(bytes[6]), 1);
}

TEST(GgufFormats, AnUnknownNumberNamesTheKnownOnes) {
  EXPECT_EQ(gguf_format_from_number(12), GgufFormat::kQ4_K);
  const std::string error = testing::error_of([] { gguf_format_from_number(10); });
  EXPECT_NE(error.find("format 10 is not understood; expected one of F32 (0), F16 (1), Q4_0 (2)"), std::string::npos);
  EXPECT_NE(error.find("Q6_K (14)"), std::string::npos);
}

}  // namespace
}  // namespace matinee
