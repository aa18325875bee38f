// The layout of the block formats of GGUF and what their codecs share.
#pragma once

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "lib/base/half.h"

namespace matinee {

/// A float16 as its bits.
using HalfBits = std::uint16_t;
using Bytes16 = std::array<std::uint8_t, 16>;

// Blocks of 32 numbers. Byte j of `codes` with 4 bits each holds number j (low half) and number 16 + j (high half);
// bit j of `fifth` is the highest bit of number j.
struct BlockQ4_0 {  // (code - 8) · scale
  HalfBits scale;
  Bytes16 codes;
};
struct BlockQ4_1 {  // code · scale + minimum
  HalfBits scale, minimum;
  Bytes16 codes;
};
struct BlockQ5_0 {  // (code - 16) · scale
  HalfBits scale;
  std::array<std::uint8_t, 4> fifth;
  Bytes16 codes;
};
struct BlockQ5_1 {  // code · scale + minimum
  HalfBits scale, minimum;
  std::array<std::uint8_t, 4> fifth;
  Bytes16 codes;
};
struct BlockQ8_0 {  // code · scale
  HalfBits scale;
  std::array<std::int8_t, 32> codes;
};

/// Of a block of 256 numbers: scales and minimums of its 8 groups of 32, 6 bits each. Byte j < 4 is scale j, byte 4 + j
/// minimum j; byte 8 + j has the low halves of scale and minimum 4 + j, whose highest two bits are those of the bytes j
/// and 4 + j.
struct ScalesOf8 {
  std::array<std::uint8_t, 12> bytes;

  std::uint8_t scale(std::size_t group) const {
    if (group < 4) return bytes[group] & 63;
    return static_cast<std::uint8_t>((bytes[group + 4] & 15) | (bytes[group - 4] >> 6 << 4));
  }
  std::uint8_t minimum(std::size_t group) const {
    if (group < 4) return bytes[group + 4] & 63;
    return static_cast<std::uint8_t>((bytes[group + 4] >> 4) | (bytes[group] >> 6 << 4));
  }
  /// In the order of the groups.
  void set(std::size_t group, std::uint8_t scale, std::uint8_t minimum) {
    if (group < 4) {
      bytes[group] = scale;
      bytes[group + 4] = minimum;
      return;
    }
    bytes[group + 4] = static_cast<std::uint8_t>((scale & 15) | (minimum & 15) << 4);
    bytes[group - 4] |= static_cast<std::uint8_t>(scale >> 4 << 6);
    bytes[group] |= static_cast<std::uint8_t>(minimum >> 4 << 6);
  }
};

// Blocks of 256 numbers. Byte 32·g + j of `codes` holds number 64·g + j (low half) and number 64·g + 32 + j; bit i of
// byte j of `fifth` is the highest bit of number 32·i + j.
struct BlockQ4_K {  // code · (scale · scales) - minimum · minimums
  HalfBits scale, minimum;
  ScalesOf8 scales;
  std::array<std::uint8_t, 128> codes;
};
struct BlockQ5_K {
  HalfBits scale, minimum;
  ScalesOf8 scales;
  std::array<std::uint8_t, 32> fifth;
  std::array<std::uint8_t, 128> codes;
};
/// (code - 32) · (scale · scales), a scale per 16 numbers. In each half of 128 numbers, byte j of 64 bytes of `low` has
/// the low 4 bits of the numbers j and 64 + j, and byte j of 32 bytes of `high` the highest 2 bits of the numbers j,
/// 32 + j, 64 + j and 96 + j, the first lowest.
struct BlockQ6_K {
  std::array<std::uint8_t, 128> low;
  std::array<std::uint8_t, 64> high;
  std::array<std::int8_t, 16> scales;
  HalfBits scale;
};
static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 && sizeof(BlockQ5_0) == 22 && sizeof(BlockQ5_1) == 24);
static_assert(sizeof(BlockQ8_0) == 34 && sizeof(BlockQ4_K) == 144 && sizeof(BlockQ5_K) == 176);
static_assert(sizeof(BlockQ6_K) == 210 && std::endian::native == std::endian::little);

}  // namespace matinee
