// Screening with VPMADDUBSW: codes of seven bits, so that the products of two instructions are added in int16. A tile
// of 2 vectors of 8 queries and 4 rows stays in registers.

#include <immintrin.h>

#include <utility>

#include "kernels/cosine_topk/cosine_topk_kernels.h"

#define MATINEE_LANES 8

namespace matinee {
namespace {

constexpr int kMostCode = 63, kOffset = 64, kStored = 32, kGroup = 8;
static_assert(4 * (kMostCode + kOffset) * kMostCode < 1 << 15);

inline void store_codes(const __m256 (&whole)[4], unsigned char* to) {
  // Packing works in halves; the permutation restores the order.
  const __m256i low = _mm256_packs_epi32(_mm256_cvtps_epi32(whole[0]), _mm256_cvtps_epi32(whole[1]));
  const __m256i high = _mm256_packs_epi32(_mm256_cvtps_epi32(whole[2]), _mm256_cvtps_epi32(whole[3]));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256i codes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_add_epi8(codes, _mm256_set1_epi8(kOffset)));
}

#include "kernels/cosine_topk/cosine_topk_screen_body.inc"

// The pairs of a row and a vector of queries that reach the threshold.
inline unsigned reached(const ScreenRows& rows, const ScreenBatch& batch, std::int64_t query, long row, __m256i dot) {
  __m256 needed = _mm256_mul_ps(_mm256_loadu_ps(batch.threshold + query), _mm256_set1_ps(rows.inverse_scale[row]));
  needed = _mm256_fnmadd_ps(_mm256_loadu_ps(batch.error + query), _mm256_set1_ps(rows.norm[row]), needed);
  needed = _mm256_fnmadd_ps(_mm256_loadu_ps(batch.norm + query), _mm256_set1_ps(rows.error[row]), needed);
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(_mm256_cvtepi32_ps(dot), needed, _CMP_NLT_UQ)));
}

constexpr int kVectors = 2, kRows = 4;  // of a tile
constexpr int kQueries = kVectors * kGroup;
static_assert(kScreenRowStep % kRows == 0 && kScreenQueries % kQueries == 0);

// Products of all codes of a tile of queries and rows; `width` separates those of two rows.
inline void multiply_tile(const ScreenRows& rows, const ScreenBatch& batch, std::int64_t first_query, long row,
                          long width, int* dots) {
  __m256i sum[kVectors][kRows];
  unrolled<kVectors>([&](auto v) MATINEE_INLINE {
    const __m256i offset =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(batch.offset + first_query + v * kGroup));
    unrolled<kRows>([&](auto r) MATINEE_INLINE { sum[v][r] = offset; });
  });
  const std::int8_t* queries = batch.codes + first_query * rows.stride;
  const unsigned char* codes = rows.codes + row * rows.stride;
  const long stride = rows.stride;
  const __m256i ones = _mm256_set1_epi16(1);
  for (long i = 0; i < stride; i += 8) {
    unrolled<kRows>([&](auto r) MATINEE_INLINE {
      int four[2];
      __builtin_memcpy(four, codes + r * stride + i, 8);
      const __m256i first = _mm256_set1_epi32(four[0]), second = _mm256_set1_epi32(four[1]);
      unrolled<kVectors>([&](auto v) MATINEE_INLINE {
        const auto* query = reinterpret_cast<const __m256i*>(queries + kGroup * (v * stride + i));
        const __m256i products = _mm256_add_epi16(_mm256_maddubs_epi16(first, _mm256_loadu_si256(query)),
                                                  _mm256_maddubs_epi16(second, _mm256_loadu_si256(query + 1)));
        sum[v][r] = _mm256_add_epi32(sum[v][r], _mm256_madd_epi16(products, ones));
      });
    });
  }
  unrolled<kRows>([&](auto r) MATINEE_INLINE {
    unrolled<kVectors>([&](auto v) MATINEE_INLINE {
      _mm256_store_si256(reinterpret_cast<__m256i*>(dots + r * width + v * kGroup), sum[v][r]);
    });
  });
}

void multiply(const ScreenRows& rows, const ScreenBatch& batch, std::int64_t block, int vectors, std::int32_t* dots) {
  for (int v = 0; v < vectors; v += kVectors) {
    for (long row = 0; row < rows.n_rows; row += kRows) {
      multiply_tile(rows, batch, block * kScreenQueries + v * kGroup, row, kScreenQueries,
                    dots + row * kScreenQueries + v * kGroup);
    }
  }
}

std::int64_t scan(const ScreenRows& rows, const ScreenBatch& batch, std::int64_t block, int vectors, ScreenHit* hits) {
  ScreenHit* end = hits;
  for (int first = 0; first < vectors; first += kVectors) {
    const std::int64_t query = block * kScreenQueries + first * kGroup;
    for (long row = 0; row < rows.n_rows; row += kRows) {
      alignas(32) int dots[kRows * kQueries];
      multiply_tile(rows, batch, query, row, kQueries, dots);
      for (long r = 0; r < kRows && row + r < rows.n_rows; ++r) {
        const int* of_row = dots + r * kQueries;
        unsigned found = 0;
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) {
          const __m256i dot = _mm256_load_si256(reinterpret_cast<const __m256i*>(of_row + v * kGroup));
          found |= reached(rows, batch, query + v * kGroup, row + r, dot) << (v * kGroup);
        }
        for (; found != 0; found &= found - 1) {
          const int lane = __builtin_ctz(found);
          *end++ = {static_cast<std::int16_t>(first * kGroup + lane), static_cast<std::int16_t>(row + r), of_row[lane]};
        }
      }
    }
  }
  return end - hits;
}

}  // namespace

const ScreenKernel kScreenAvx2{.lanes = kGroup,
                               .most_code = kMostCode,
                               .offset = kOffset,
                               .encode = encode,
                               .take_codes = nullptr,
                               .multiply = multiply,
                               .scan = scan};

}  // namespace matinee
