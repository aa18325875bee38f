// Quantized weights as bfloat16, for products of bfloat16 pairs.

// g++ 12 warns about the deliberately undefined vectors of its own header (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include "kernels/matmul/matmul_kernels.h"

namespace matinee {
namespace {

constexpr long kBlock = 64, kScaleBlock = 256;

// Exact for int8 codes.
inline __m512i pairs_of(__m128i low, __m128i high) {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(high)),
                                                       _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(low))));
}

inline float absmax_of(const Nf4Rows& rows, long block) {
  return rows.dynamic[rows.absmax_codes[block]] * rows.absmax_scales[block / kScaleBlock] + rows.absmax_offset;
}

// A part of a block, element by element.
void widen_some(const Nf4Rows& rows, long first, long n, float absmax, unsigned short* to) {
  for (long i = first; i < first + n; ++i) {
    const int byte = rows.codes[i / 2];
    const float value = rows.values[i % 2 == 0 ? byte >> 4 : byte & 15] * absmax;
    const auto bits = __builtin_bit_cast(unsigned, value);
    *to++ = static_cast<unsigned short>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
  }
}

}  // namespace

void widen_int8_avx512bf16(const std::int8_t* codes, std::int64_t n, std::uint16_t* to) {
  long i = 0;
  for (; i + 32 <= n; i += 32) {
    const __m256i some = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + i));
    _mm512_storeu_si512(to + i, pairs_of(_mm256_castsi256_si128(some), _mm256_extracti128_si256(some, 1)));
  }
  for (; i < n; ++i) {
    to[i] = static_cast<unsigned short>(__builtin_bit_cast(unsigned, static_cast<float>(codes[i])) >> 16);
  }
}

void widen_nf4_avx512bf16(const Nf4Rows& rows, std::int64_t first, std::int64_t n, std::uint16_t* to) {
  const __m512 values = _mm512_loadu_ps(rows.values);
  // Interleaves the even and the odd elements of 32 numbers, given as two vectors of 16 bfloat16.
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const long last = first + n;
  long at = first;
  while (at < last) {
    const long block = at / kBlock, end = (block + 1) * kBlock < last ? (block + 1) * kBlock : last;
    const float absmax = absmax_of(rows, block);
    if (end - at < kBlock) {
      widen_some(rows, at, end - at, absmax, to);
    } else {
      const __m512 scale = _mm512_set1_ps(absmax);
#pragma GCC unroll 2
      for (long half = 0; half < 2; ++half) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows.codes + at / 2 + 16 * half));
        const __m512i codes = _mm512_cvtepu8_epi32(bytes);
        const __m512 even = _mm512_permutexvar_ps(_mm512_srli_epi32(codes, 4), values) * scale;
        const __m512 odd = _mm512_permutexvar_ps(codes, values) * scale;
        const __m512i both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(odd, even));
        _mm512_storeu_si512(to + 32 * half, _mm512_permutexvar_epi16(order, both));
      }
    }
    to += end - at;
    at = end;
  }
}

}  // namespace matinee
