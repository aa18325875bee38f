// Screening with VPDPBUSD: 64 products of codes per instruction. A tile of up to 4 vectors of 16 queries and 6 or more
// rows stays in registers; four codes of a row are broadcast at a time.

// g++ 12 warns about the deliberately undefined vectors of its own header (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include <utility>

#include "kernels/cosine_topk/cosine_topk_kernels.h"

#define MATINEE_LANES 16

namespace matinee {
namespace {

constexpr int kMostCode = 127, kOffset = 128, kStored = 64, kGroup = 16;

inline void store_codes(const __m512 (&whole)[4], unsigned char* to) {
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    const __m512i code = _mm512_add_epi32(_mm512_cvtps_epi32(whole[j]), _mm512_set1_epi32(kOffset));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16 * j), _mm512_cvtepi32_epi8(code));
  }
}

#include "kernels/cosine_topk/cosine_topk_screen_body.inc"

void take_codes(const std::int8_t* const* rows, std::int64_t dim, const float* scales, const ScreenRows& to) {
  // No row is longer; the norm is needed for the rounding of sums only.
  const float norm = 128 * square_root(static_cast<float>(dim)) * 1.001f;
  for (int r = 0; r < to.n_rows; ++r) {
    unsigned char* codes = to.codes + r * to.stride;
    long i = 0;
    for (; i + 64 <= dim; i += 64) {
      _mm512_storeu_si512(codes + i, _mm512_xor_si512(_mm512_loadu_si512(rows[r] + i), _mm512_set1_epi8(-128)));
    }
    if (i < dim) {
      const __mmask64 there = (__mmask64{1} << (dim - i)) - 1;
      const __m512i code = _mm512_maskz_loadu_epi8(there, rows[r] + i);
      _mm512_storeu_si512(codes + i, _mm512_xor_si512(code, _mm512_set1_epi8(-128)));
      i += 64;
    }
    for (; i < to.stride; i += 64) _mm512_storeu_si512(codes + i, _mm512_set1_epi8(-128));
    if (scales[r] >= kTiny && scales[r] * norm < kLong) {
      to.inverse_scale[r] = 1 / scales[r];
      to.norm[r] = norm;
      to.error[r] = norm * 0x1p-22f;  // of the division
    } else {
      set_unbounded(to, r);
    }
  }
}

// The pairs of a row and a vector of queries that reach the threshold.
inline __mmask16 reached(const ScreenRows& rows, const ScreenBatch& batch, std::int64_t query, long row, __m512i dot) {
  __m512 needed = _mm512_mul_ps(_mm512_loadu_ps(batch.threshold + query), _mm512_set1_ps(rows.inverse_scale[row]));
  needed = _mm512_fnmadd_ps(_mm512_loadu_ps(batch.error + query), _mm512_set1_ps(rows.norm[row]), needed);
  needed = _mm512_fnmadd_ps(_mm512_loadu_ps(batch.norm + query), _mm512_set1_ps(rows.error[row]), needed);
  return _mm512_cmp_ps_mask(_mm512_cvtepi32_ps(dot), needed, _CMP_NLT_UQ);
}

// Products of all codes of some queries and rows; `width` separates those of two rows.
template <int kVectors, int kRows>
inline void multiply_tile(const ScreenRows& rows, const ScreenBatch& batch, std::int64_t first_query, long row,
                          long width, int* dots) {
  __m512i sum[kVectors][kRows];
  unrolled<kVectors>([&](auto v) MATINEE_INLINE {
    const __m512i offset = _mm512_loadu_si512(batch.offset + first_query + v * kGroup);
    unrolled<kRows>([&](auto r) MATINEE_INLINE { sum[v][r] = offset; });
  });
  const std::int8_t* queries = batch.codes + first_query * rows.stride;
  const unsigned char* codes = rows.codes + row * rows.stride;
  const long stride = rows.stride;
  for (long i = 0; i < stride; i += 4) {
    __m512i query[kVectors];
    unrolled<kVectors>([&](auto v)
                           MATINEE_INLINE { query[v] = _mm512_loadu_si512(queries + kGroup * (v * stride + i)); });
    unrolled<kRows>([&](auto r) MATINEE_INLINE {
      int four;
      __builtin_memcpy(&four, codes + r * stride + i, 4);
      const __m512i of_row = _mm512_set1_epi32(four);
      unrolled<kVectors>([&](auto v) MATINEE_INLINE { sum[v][r] = _mm512_dpbusd_epi32(sum[v][r], of_row, query[v]); });
    });
  }
  unrolled<kRows>([&](auto r) MATINEE_INLINE {
    unrolled<kVectors>([&](auto v) MATINEE_INLINE { _mm512_store_si512(dots + r * width + v * kGroup, sum[v][r]); });
  });
}

template <int kVectors, int kRows>
ScreenHit* rows_of(const ScreenRows& rows, const ScreenBatch& batch, std::int64_t first_query, ScreenHit* hits) {
  static_assert(kScreenRowStep % kRows == 0);
  constexpr int kQueries = kVectors * kGroup;
  for (long row = 0; row < rows.n_rows; row += kRows) {
    alignas(64) int dots[kRows * kQueries];
    multiply_tile<kVectors, kRows>(rows, batch, first_query, row, kQueries, dots);
    for (long r = 0; r < kRows && row + r < rows.n_rows; ++r) {
      const int* of_row = dots + r * kQueries;
      std::uint64_t found = 0;
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const __m512i dot = _mm512_load_si512(of_row + v * kGroup);
        found |= std::uint64_t{reached(rows, batch, first_query + v * kGroup, row + r, dot)} << (v * kGroup);
      }
      for (; found != 0; found &= found - 1) {
        const int query = __builtin_ctzll(found);
        *hits++ = {static_cast<std::int16_t>(query), static_cast<std::int16_t>(row + r), of_row[query]};
      }
    }
  }
  return hits;
}

void multiply(const ScreenRows& rows, const ScreenBatch& batch, std::int64_t block, int vectors, std::int32_t* dots) {
  for (int v = 0; v < vectors; ++v) {
    for (long row = 0; row < rows.n_rows; row += 12) {
      multiply_tile<1, 12>(rows, batch, block * kScreenQueries + v * kGroup, row, kScreenQueries,
                           dots + row * kScreenQueries + v * kGroup);
    }
  }
}

std::int64_t scan(const ScreenRows& rows, const ScreenBatch& batch, std::int64_t block, int vectors, ScreenHit* hits) {
  const std::int64_t query = block * kScreenQueries;
  switch (vectors) {
    case 1: return rows_of<1, 12>(rows, batch, query, hits) - hits;
    case 2: return rows_of<2, 12>(rows, batch, query, hits) - hits;
    case 3: return rows_of<3, 8>(rows, batch, query, hits) - hits;
    default: return rows_of<4, 6>(rows, batch, query, hits) - hits;
  }
}

}  // namespace

const ScreenKernel kScreenAvx512Vnni{.lanes = kGroup,
                                     .most_code = kMostCode,
                                     .offset = kOffset,
                                     .encode = encode,
                                     .take_codes = take_codes,
                                     .multiply = multiply,
                                     .scan = scan};

}  // namespace matinee
