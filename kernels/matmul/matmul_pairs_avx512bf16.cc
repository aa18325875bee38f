// Matrix products of bfloat16 pairs with VDPBF16PS: each instruction multiplies 16 pairs and adds both products to a
// float32 sum. A tile of 6 rows and 64 columns keeps 24 sums in registers; per pair of k it loads four vectors of the
// right factor and broadcasts six pairs of the left one, so that loads stay at half of the multiplies' rate.

// g++ 12 warns about the deliberately undefined vectors of its own header (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include "kernels/matmul/matmul_kernels.h"

namespace matinee {
namespace {

// Pairs of k per pass: this part of a panel (64 KiB) stays in the second-level cache while all rows use it.
constexpr long kChunk = 256;

inline __mmask16 first_lanes(long n) { return n >= 16 ? 0xffff : static_cast<__mmask16>((1u << (n < 0 ? 0 : n)) - 1u); }

// One tile of c: up to kTileRows rows, n <= kPanel columns.
struct Tile {
  long n_pairs;
  const std::uint32_t* left;
  long row_stride, pair_stride;
  const std::uint32_t* right;
  const float* scales;
  float* c;
  long c_stride, n;
  bool accumulate;
};

template <int kRows, int kVectors>
void multiply_tile(const Tile& tile) {
  const auto [n_pairs, left, row_stride, pair_stride, right, scales, c, c_stride, n, accumulate] = tile;
  __m512 sum[kRows][kVectors];
#pragma GCC unroll 6
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) sum[i][j] = _mm512_setzero_ps();
  }
  for (long p = 0; p < n_pairs; ++p) {
    __m512bh column[kVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      column[j] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(right + p * kPanel + 16 * j));
    }
#pragma GCC unroll 6
    for (int i = 0; i < kRows; ++i) {
      const __m512bh row =
          reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(left[i * row_stride + p * pair_stride])));
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) sum[i][j] = _mm512_dpbf16_ps(sum[i][j], row, column[j]);
    }
  }
  const __mmask16 last = first_lanes(n - 16 * (kVectors - 1));
  if (scales != nullptr) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      const __m512 scale = _mm512_maskz_loadu_ps(j + 1 < kVectors ? 0xffff : last, scales + 16 * j);
#pragma GCC unroll 6
      for (int i = 0; i < kRows; ++i) sum[i][j] = sum[i][j] * scale;
    }
  }
#pragma GCC unroll 6
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      float* to = c + i * c_stride + 16 * j;
      if (j + 1 < kVectors || n == 16 * kVectors) {
        _mm512_storeu_ps(to, accumulate ? sum[i][j] + _mm512_loadu_ps(to) : sum[i][j]);
        continue;
      }
      const __m512 old = accumulate ? _mm512_maskz_loadu_ps(last, to) : _mm512_setzero_ps();
      _mm512_mask_storeu_ps(to, last, sum[i][j] + old);
    }
  }
}

template <int kRows>
void multiply_tile_of_width(const Tile& tile) {
  switch ((tile.n + 15) / 16) {
    case 1: return multiply_tile<kRows, 1>(tile);
    case 2: return multiply_tile<kRows, 2>(tile);
    case 3: return multiply_tile<kRows, 3>(tile);
    default: return multiply_tile<kRows, 4>(tile);
  }
}

using TileFn = void (*)(const Tile& tile);
constexpr TileFn kTiles[kTileRows] = {multiply_tile_of_width<1>, multiply_tile_of_width<2>, multiply_tile_of_width<3>,
                                      multiply_tile_of_width<4>, multiply_tile_of_width<5>, multiply_tile_of_width<6>};

// 32 elements of a row as bfloat16; elements from `n` on are zero and not read.
inline __m512i load_pairs(const float* p, long n) {
  const __m512 low = _mm512_maskz_loadu_ps(first_lanes(n), p);
  const __m512 high = _mm512_maskz_loadu_ps(first_lanes(n - 16), p + 16);
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}
inline __m512i load_pairs(const unsigned short* p, long n) {
  const __mmask32 mask = n >= 32 ? 0xffffffffu : (1u << (n < 0 ? 0 : n)) - 1u;
  return _mm512_maskz_loadu_epi16(mask, p);
}

// 32 elements of a row, all there.
inline __m512i load_whole_pairs(const float* p) {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(_mm512_loadu_ps(p + 16), _mm512_loadu_ps(p)));
}

// 16 elements of two rows, interleaved to 16 pairs.
inline __m512i load_two_rows(const float* a, const float* b, __mmask16 mask) {
  const __m512 low = _mm512_maskz_loadu_ps(mask, a);
  const __m512 high = b != nullptr ? _mm512_maskz_loadu_ps(mask, b) : _mm512_setzero_ps();
  const __m512i both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, both);
}
inline __m512i load_two_rows(const unsigned short* a, const unsigned short* b, __mmask16 mask) {
  const __m512i low = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, a));
  if (b == nullptr) return low;
  return _mm512_or_si512(low, _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, b)), 16));
}

// The first n of 16 pairs. Masked stores are many times slower than plain ones on AMD processors.
inline void store_pairs(std::uint32_t* to, long n, __m512i pairs) {
  if (n >= 16) {
    _mm512_storeu_si512(to, pairs);
  } else {
    _mm512_mask_storeu_epi32(to, first_lanes(n), pairs);
  }
}

// The transpose of 16 x 16 dwords.
inline void transpose(__m512i r[16]) {
  __m512i t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // Now r[4g + c], lane block l holds column 4l + c of rows 4g .. 4g + 3.
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const __m512i a = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x88), b = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x88);
    const __m512i d = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xdd), e = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xdd);
    t[c] = _mm512_shuffle_i32x4(a, b, 0x88);
    t[8 + c] = _mm512_shuffle_i32x4(a, b, 0xdd);
    t[4 + c] = _mm512_shuffle_i32x4(d, e, 0x88);
    t[12 + c] = _mm512_shuffle_i32x4(d, e, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = t[i];
}

template <class T>
void pack_transposed(const PackArgs& args) {
  const auto* source = static_cast<const T*>(args.source);
  std::uint32_t* panel = args.panel;
  const long stride = args.stride, n_columns = args.n_columns, k = args.k, n_pairs = (k + 1) / 2;
  for (long c = 0; c < kPanel; c += 16) {
    for (long p = 0; p < n_pairs; p += 16) {
      __m512i block[16];
#pragma GCC unroll 16
      for (long i = 0; i < 16; ++i) {
        block[i] =
            c + i < n_columns ? load_pairs(source + (c + i) * stride + 2 * p, k - 2 * p) : _mm512_setzero_si512();
      }
      transpose(block);
      const long n = n_pairs - p < 16 ? n_pairs - p : 16;
      for (long i = 0; i < n; ++i) _mm512_storeu_si512(panel + (p + i) * kPanel + c, block[i]);
    }
  }
}

template <class T>
void pack_interleaved(const PackArgs& args) {
  const auto* source = static_cast<const T*>(args.source);
  std::uint32_t* panel = args.panel;
  const long stride = args.stride, width = args.n_columns, k = args.k, panel_width = args.panel_width;
  const long n_pairs = (k + 1) / 2;
  for (long p = 0; p < n_pairs; ++p) {
    const T* a = source + 2 * p * stride;
    const T* b = 2 * p + 1 < k ? a + stride : nullptr;
    long c = 0;
    for (; b != nullptr && c + 16 <= width && c + 16 <= panel_width; c += 16) {
      _mm512_storeu_si512(panel + p * panel_width + c, load_two_rows(a + c, b + c, 0xffff));
    }
    for (; c < panel_width; c += 16) {
      const __m512i pairs = load_two_rows(a + c, b == nullptr ? nullptr : b + c, first_lanes(width - c));
      store_pairs(panel + p * panel_width + c, panel_width - c, pairs);
    }
  }
}

}  // namespace

void pack_panel_transposed_avx512bf16(const PackArgs& args) {
  args.is_bf16 ? pack_transposed<unsigned short>(args) : pack_transposed<float>(args);
}

void pack_interleaved_avx512bf16(const PackArgs& args) {
  args.is_bf16 ? pack_interleaved<unsigned short>(args) : pack_interleaved<float>(args);
}

void round_rows_avx512bf16(const float* source, std::int64_t stride, std::int64_t n_rows, std::int64_t k,
                           std::uint32_t* rows, std::int64_t rows_stride) {
  for (long r = 0; r < n_rows; ++r) {
    const float* from = source + r * stride;
    std::uint32_t* to = rows + r * rows_stride;
    long p = 0;
    for (; 2 * p + 32 <= k; p += 16) _mm512_storeu_si512(to + p, load_whole_pairs(from + 2 * p));
    for (; p < rows_stride; p += 16) store_pairs(to + p, rows_stride - p, load_pairs(from + 2 * p, k - 2 * p));
  }
}

void multiply_pairs_avx512bf16(const PairsProduct& product) {
  const auto& [m, n, n_pairs, left, tile_stride, row_stride, pair_stride, right, right_stride, column_scales, c,
               c_stride, accumulate] = product;
  for (long p = 0; p < n_pairs || p == 0; p += kChunk) {
    const long pairs = n_pairs - p < kChunk ? n_pairs - p : kChunk;
    for (long j = 0; j < n; j += kPanel) {
      const std::uint32_t* panel = right + j / kPanel * right_stride + p * kPanel;
      const long width = n - j < kPanel ? n - j : kPanel;
      for (long i = 0; i < m; i += kTileRows) {
        const long rows = m - i < kTileRows ? m - i : kTileRows;
        kTiles[rows - 1]({.n_pairs = pairs,
                          .left = left + i / kTileRows * tile_stride + p * pair_stride,
                          .row_stride = row_stride,
                          .pair_stride = pair_stride,
                          .right = panel,
                          .scales = column_scales == nullptr ? nullptr : column_scales + j,
                          .c = c + i * c_stride + j,
                          .c_stride = c_stride,
                          .n = width,
                          .accumulate = accumulate || p > 0});
      }
    }
  }
}

}  // namespace matinee
