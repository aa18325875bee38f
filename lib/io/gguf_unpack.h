// Unpacking of block codes with AVX2, the floor of the build.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "lib/io/gguf_block_layout.h"

namespace matinee {

/// The block number `at`. Blocks in a file are aligned to 2 bytes at best, so they are copied.
template <class Block>
Block block_at(const std::byte* from, std::size_t at) {
  Block block;
  std::memcpy(&block, from + at * sizeof(Block), sizeof(Block));
  return block;
}

inline __m256 floats_of_8(__m128i codes) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes)); }

/// code · scale of 16 signed codes.
inline void scaled_16(__m128i codes, float scale, float* to) {
  const __m256 by = _mm256_set1_ps(scale);
  _mm256_storeu_ps(to, _mm256_mul_ps(floats_of_8(codes), by));
  _mm256_storeu_ps(to + 8, _mm256_mul_ps(floats_of_8(_mm_srli_si128(codes, 8)), by));
}

inline void scaled_32(__m256i codes, float scale, float* to) {
  scaled_16(_mm256_castsi256_si128(codes), scale, to);
  scaled_16(_mm256_extracti128_si256(codes, 1), scale, to + 16);
}

/// code · scale + offset of 32 signed codes, product and sum rounded each.
inline void scaled_32(__m256i codes, float scale, float offset, float* to) {
  const __m256 by = _mm256_set1_ps(scale), plus = _mm256_set1_ps(offset);
  for (int part = 0; part < 4; ++part) {
    const __m128i half = part < 2 ? _mm256_castsi256_si128(codes) : _mm256_extracti128_si256(codes, 1);
    const __m256 values = floats_of_8(part % 2 == 0 ? half : _mm_srli_si128(half, 8));
    _mm256_storeu_ps(to + 8 * part, _mm256_add_ps(_mm256_mul_ps(values, by), plus));
  }
}

inline __m256i load_32(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }

/// The low and the high halves of 32 bytes.
inline __m256i low_halves(__m256i bytes) { return _mm256_and_si256(bytes, _mm256_set1_epi8(15)); }
inline __m256i high_halves(__m256i bytes) { return low_halves(_mm256_srli_epi16(bytes, 4)); }

/// 32 codes of 4 bits: the low halves of 16 bytes, then their high halves.
inline __m256i codes_of_halves(const Bytes16& packed) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(packed.data()));
  return low_halves(_mm256_set_m128i(_mm_srli_epi16(bytes, 4), bytes));
}

/// 32 bytes, each 16 where the bit of its number is set, else 0.
inline __m256i sixteens_of_bits(std::array<std::uint8_t, 4> bits) {
  std::int32_t word = 0;
  std::memcpy(&word, bits.data(), 4);
  // Byte j gets the byte j/8 of the word, whose bit j%8 is then tested.
  const __m256i places = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  const __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32(word), places);
  const __m256i bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201));
  const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
  return _mm256_and_si256(set, _mm256_set1_epi8(16));
}

}  // namespace matinee
