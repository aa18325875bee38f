// The tensor formats of GGUF: a table with one row per format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace matinee {

/// The tensor formats that are supported: ggml_type of llama.cpp. The numbers are part of the file format.
enum class GgufFormat : std::uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kBF16 = 30
};

/// A row of the table. A format stores numbers in blocks; `decode` and `encode` take any number of blocks.
struct GgufCodec {
  GgufFormat format;
  const char* name;           ///< in GGUF: "Q4_K"
  std::uint64_t block;        ///< numbers per block
  std::uint64_t block_bytes;  ///< bytes per block
  /// Equals dequantize_row_* of llama.cpp bit for bit.
  void (*decode)(const std::byte* from, std::size_t blocks, float* to);
  /// Writes the bytes that quantize_row_*_ref of llama.cpp writes on x86-64.
  void (*encode)(const float* from, std::size_t blocks, std::byte* to);
};

/// All formats, in the order of their numbers.
std::span<const GgufCodec> gguf_codecs();
const GgufCodec& codec_of(GgufFormat format);
/// The format with this number in a file. Throws Error(kBadData) naming the formats that are understood.
GgufFormat gguf_format_from_number(std::uint32_t number);

/// The name in GGUF: "F32", "Q8_0", "Q4_K".
const char* name_of(GgufFormat format);
/// Bytes of `n` encoded numbers; n must be a multiple of gguf_block(format).
std::uint64_t bytes_of(GgufFormat format, std::uint64_t n);
/// Numbers per block: 1, 32 or 256.
std::uint64_t gguf_block(GgufFormat format);

/// Encodes `values` into `bytes`, which is resized. The number of values must be a multiple of gguf_block(format).
void encode_gguf(GgufFormat format, std::span<const float> values, std::vector<std::byte>& bytes);
/// Decodes the first values.size() numbers of `bytes`, which must start at a block and hold that many. The number of
/// values must be a multiple of gguf_block(format).
void decode_gguf(GgufFormat format, std::span<const std::byte> bytes, std::span<float> values);

}  // namespace matinee
