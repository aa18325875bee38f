#include "lib/io/gguf_formats.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "lib/base/dtype.h"
#include "lib/base/format_error.h"
#include "lib/base/half.h"
#include "lib/io/gguf_blocks.h"

namespace matinee {
namespace {

void decode_f32(const std::byte* from, std::size_t n, float* to) { std::memcpy(to, from, 4 * n); }
void encode_f32(const float* from, std::size_t n, std::byte* to) { std::memcpy(to, from, 4 * n); }

void decode_f16(const std::byte* from, std::size_t n, float* to) {
  halves_to_floats(reinterpret_cast<const std::uint16_t*>(from), n, to);
}
void encode_f16(const float* from, std::size_t n, std::byte* to) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint16_t bits = to_half(from[i]);
    std::memcpy(to + 2 * i, &bits, 2);
  }
}

void decode_bf16(const std::byte* from, std::size_t n, float* to) {
  for (std::size_t i = 0; i < n; ++i) {
    bf16 value;
    std::memcpy(&value, from + 2 * i, 2);
    to[i] = to_float(value);
  }
}
void encode_bf16(const float* from, std::size_t n, std::byte* to) {
  for (std::size_t i = 0; i < n; ++i) {
    const bf16 value = to_bf16(from[i]);
    std::memcpy(to + 2 * i, &value, 2);
  }
}

constexpr std::array<GgufCodec, 11> kCodecs{{
    {GgufFormat::kF32, "F32", 1, 4, decode_f32, encode_f32},
    {GgufFormat::kF16, "F16", 1, 2, decode_f16, encode_f16},
    {GgufFormat::kQ4_0, "Q4_0", 32, 18, decode_q4_0, encode_q4_0},
    {GgufFormat::kQ4_1, "Q4_1", 32, 20, decode_q4_1, encode_q4_1},
    {GgufFormat::kQ5_0, "Q5_0", 32, 22, decode_q5_0, encode_q5_0},
    {GgufFormat::kQ5_1, "Q5_1", 32, 24, decode_q5_1, encode_q5_1},
    {GgufFormat::kQ8_0, "Q8_0", 32, 34, decode_q8_0, encode_q8_0},
    {GgufFormat::kQ4_K, "Q4_K", 256, 144, decode_q4_k, encode_q4_k},
    {GgufFormat::kQ5_K, "Q5_K", 256, 176, decode_q5_k, encode_q5_k},
    {GgufFormat::kQ6_K, "Q6_K", 256, 210, decode_q6_k, encode_q6_k},
    {GgufFormat::kBF16, "BF16", 1, 2, decode_bf16, encode_bf16},
}};

const GgufCodec* find_codec(std::uint32_t number) {
  const auto* found = std::find_if(kCodecs.begin(), kCodecs.end(), [&](const GgufCodec& codec) {
    return static_cast<std::uint32_t>(codec.format) == number;
  });
  return found == kCodecs.end() ? nullptr : found;
}

}  // namespace

std::span<const GgufCodec> gguf_codecs() { return kCodecs; }

const GgufCodec& codec_of(GgufFormat format) { return *find_codec(static_cast<std::uint32_t>(format)); }

GgufFormat gguf_format_from_number(std::uint32_t number) {
  if (const GgufCodec* codec = find_codec(number); codec != nullptr) return codec->format;
  std::string known;
  for (const GgufCodec& codec : kCodecs) {
    known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", codec.name, static_cast<std::uint32_t>(codec.format));
  }
  throw bad_data("format {} is not understood; expected one of {}", number, known);
}

const char* name_of(GgufFormat format) { return codec_of(format).name; }

std::uint64_t bytes_of(GgufFormat format, std::uint64_t n) {
  const GgufCodec& codec = codec_of(format);
  return n / codec.block * codec.block_bytes;
}

std::uint64_t gguf_block(GgufFormat format) { return codec_of(format).block; }

void encode_gguf(GgufFormat format, std::span<const float> values, std::vector<std::byte>& bytes) {
  const GgufCodec& codec = codec_of(format);
  const std::size_t blocks = values.size() / codec.block;
  bytes.resize(blocks * codec.block_bytes);
  if (blocks > 0) codec.encode(values.data(), blocks, bytes.data());
}

void decode_gguf(GgufFormat format, std::span<const std::byte> bytes, std::span<float> values) {
  const GgufCodec& codec = codec_of(format);
  if (!values.empty()) codec.decode(bytes.data(), values.size() / codec.block, values.data());
}

}  // namespace matinee
