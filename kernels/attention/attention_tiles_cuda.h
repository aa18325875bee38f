#pragma once

// Tiles of queries, keys and values for attention on tensor cores, which multiply bfloat16. For float32 accuracy a
// value is split into three terms, x = hi + mid + lo, each the bfloat16 nearest to the remainder; together they have
// all 24 bits. Of the nine products of two such values, the three below half a unit in the last place are left out. A
// float32 product so costs six on the tensor cores, still less than on the ordinary cores. One term is plain bfloat16,
// so the same kernels serve both precisions.
//
// The terms are computed once, into scratch memory, head by head, padded with zeros to a multiple of kPaddedTokens
// tokens and to one of the head sizes that the kernels exist for. So every tile is whole and aligned to 16 bytes, for
// any alignment and head size of the caller's tensors.

#include <type_traits>

#include "kernels/cuda/tensor_core.h"
#include "kernels/cuda/warp.h"
#include "kernels/matmul/matmul.h"

namespace matinee {

class Context;

inline constexpr int kPaddedTokens = 128;
inline constexpr int kRowsOfWarp = 16;

inline std::int64_t padded_tokens(std::int64_t n) { return blocks_for(n, kPaddedTokens) * kPaddedTokens; }

/// [terms][heads][padded tokens][kDim] of bfloat16.
struct TermVectors {
  const std::uint16_t* data = nullptr;
  std::int64_t term_stride = 0, head_stride = 0;
};

/// How a product of a query and a key becomes a score, as an exponent of 2.
struct ScoreScale {
  static constexpr float kLog2E = 1.44269504f;
  float scale;       // times log2(e)
  float inner, cap;  // scale / softcap times 2·log2(e), softcap times log2(e); cap is 0 without a softcap

  ScoreScale(float of_products, float softcap)
      : scale(of_products * kLog2E),
        inner(softcap > 0 ? 2 * of_products / softcap * kLog2E : 0),
        cap(softcap * kLog2E) {}
  /// tanh(scale·product / softcap). By the exponential, since the branches of tanhf would take too many registers; the
  /// error is one rounding of 1, whose product with the cap is that of a score near the cap.
  __device__ float share(float product) const { return 1.0f - 2.0f / (1.0f + exp2f(product * inner)); }
  /// The score.
  __device__ float operator()(float product) const { return cap > 0 ? cap * share(product) : product * scale; }
};

/// The keys of a cache that at least one of n_queries new tokens sees, their own included. The position of the first
/// new token is known only on the device.
struct SeenKeys {
  const std::int32_t* first_position = nullptr;  ///< null without a cache: all keys are those of the queries' tokens
  int n_queries = 0, window = 0;

  __device__ int first() const {
    const int key = *first_position - window + 1;
    return key > 0 ? key : 0;
  }
  __device__ int count() const { return *first_position + n_queries - first(); }
};

/// The terms of x [n_tokens, n_heads, head_dim], in the context's scratch memory. Of a cache, the keys in `seen`, at
/// most n_tokens of them, followed by zeros.
TermVectors to_terms(Context& context, const float* x, std::int64_t n_tokens, std::int64_t n_heads,
                     std::int64_t head_dim, int padded_dim, int n_terms, const SeenKeys& seen = {});

/// Attention of queries over the keys of their own tokens, or over a cache, of which they see at most max_keys. As in
/// AttentionArgs, except that segment_start (null: all 0) and logsumexp are optional.
struct TiledAttention {
  std::int64_t n_queries = 0, max_keys = 0, n_heads = 0, n_kv_heads = 0, head_dim = 0;
  const std::int32_t* first_position = nullptr;  ///< [1], of the first query in the cache; null without one
  float scale = 1;
  std::int64_t window = 0;
  float softcap = 0;
  const std::int32_t* segment_start = nullptr;  ///< [n_queries]
  const float* q = nullptr;
  const float* k = nullptr;
  const float* v = nullptr;
  float* out = nullptr;
  float* logsumexp = nullptr;
  MatmulPrecision precision = MatmulPrecision::kF32;
};
void attend_in_tiles(Context& context, const TiledAttention& args);

/// Calls body(std::integral_constant<int, d>) with the smallest head size d that kernels exist for.
template <class Body>
void with_padded_dim(std::int64_t head_dim, const Body& body) {
  if (head_dim <= 32) return body(std::integral_constant<int, 32>{});
  if (head_dim <= 64) return body(std::integral_constant<int, 64>{});
  if (head_dim <= 96) return body(std::integral_constant<int, 96>{});
  if (head_dim <= 128) return body(std::integral_constant<int, 128>{});
  if (head_dim <= 192) return body(std::integral_constant<int, 192>{});
  return body(std::integral_constant<int, 256>{});
}
/// Calls body(std::integral_constant<int, terms>).
template <class Body>
void with_terms(MatmulPrecision precision, const Body& body) {
  if (precision == MatmulPrecision::kBF16) return body(std::integral_constant<int, 1>{});
  return body(std::integral_constant<int, 3>{});
}

/// Columns that a warp sums. With three terms the sums of a wide head would not fit into the registers, so two blocks
/// compute the same scores and each sums half of the columns.
template <int kDim, int kTerms>
inline constexpr int kSummedColumns = kTerms == 3 && kDim > 128 ? kDim / 2 : kDim;

/// kRows tokens of one head in shared memory. A row is padded by 16 bytes, so that the eight rows that a matrix load
/// reads at once are in different banks.
template <int kDimOfTile, int kTermsOfTile, int kRowsOfTile>
struct Tile {
  static constexpr int kDim = kDimOfTile, kTerms = kTermsOfTile, kRows = kRowsOfTile;
  static constexpr int kStride = kDim + 8, kElements = kTerms * kRows * kStride;
  static_assert(kDim % 32 == 0 && kStride * 2 % 128 != 0, "eight consecutive rows begin in different banks");
  static_assert(kPaddedTokens % kRows == 0, "a tile ends within the padding");

  std::uint16_t* data;

  __device__ const std::uint16_t* at(int term, int row, int column) const {
    return data + (term * kRows + row) * kStride + column;
  }
  /// Starts to copy the rows of one head from `first` on; the whole block takes part.
  template <int kThreads>
  __device__ void copy(const TermVectors& from, int head, int first) const {
    constexpr int kParts = kDim / 8;
    const std::uint16_t* rows = from.data + head * from.head_stride + static_cast<std::int64_t>(first) * kDim;
#pragma unroll 1
    for (int term = 0; term < kTerms; ++term) {
#pragma unroll(kTerms == 1 ? 4 : 1)
      for (int i = static_cast<int>(threadIdx.x); i < kRows * kParts; i += kThreads) {
        copy_async(data + (term * kRows + i / kParts) * kStride + i % kParts * 8,
                   rows + term * from.term_stride + i * 8);
      }
    }
  }
};

/// A lane's four elements of a 16×8 product (tensor_core.h). With three terms the small products are summed separately,
/// so that they are not rounded to the precision of the large ones.
template <int kTerms>
struct Sum {
  float large[4] = {};
  float small[4] = {};
  __device__ float value(int i) const { return kTerms == 1 ? large[i] : large[i] + small[i]; }

  /// += a·b; this product's registers of b begin at `half`.
  __device__ void add(const std::uint32_t (&a)[kTerms][4], const std::uint32_t (&b)[kTerms][4], int half) {
    if constexpr (kTerms == 3) {
      mma_bf16(small, a[2], b[0] + half);
      mma_bf16(small, a[0], b[2] + half);
      mma_bf16(small, a[1], b[1] + half);
      mma_bf16(small, a[1], b[0] + half);
      mma_bf16(small, a[0], b[1] + half);
    }
    mma_bf16(large, a[0], b[0] + half);
  }
};

/// sums[n] = rows [first_row, first_row + 16) of `rows` times rows [8n, 8n + 8) of `columns`, summed along the head.
template <class Rows, class Columns>
__device__ void multiply_along_head(Sum<Rows::kTerms> (&sums)[Columns::kRows / 8], const Rows& rows, int first_row,
                                    const Columns& columns) {
  constexpr int kTerms = Rows::kTerms;
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
#pragma unroll
  for (int n = 0; n < Columns::kRows / 8; ++n) sums[n] = {};
#pragma unroll(kTerms == 1 ? Rows::kDim / 16 : 1)
  for (int k = 0; k < Rows::kDim; k += 16) {
    std::uint32_t a[kTerms][4], b[kTerms][4];
#pragma unroll
    for (int term = 0; term < kTerms; ++term) {
      load_matrices(a[term], rows.at(term, first_row + lane % 16, k + lane / 16 * 8));
    }
#pragma unroll
    for (int n = 0; n < Columns::kRows; n += 16) {
#pragma unroll
      for (int term = 0; term < kTerms; ++term) {
        load_matrices(b[term], columns.at(term, n + lane % 8 + lane / 16 * 8, k + lane / 8 % 2 * 8));
      }
      sums[n / 8].add(a, b, 0);
      sums[n / 8 + 1].add(a, b, 2);
    }
  }
}

/// Results of a product [16, kColumns], as the lanes hold them, converted to the left factor of the next product.
template <int kTerms, int kColumns>
struct Weights {
  std::uint32_t parts[kColumns / 16][kTerms][4];

  /// Sets elements (g, or g + 8 if `lower`; columns 8n + 2t and 8n + 2t + 1).
  __device__ void set(int n, int lower, float first, float second) {
#pragma unroll
    for (int term = 0; term < kTerms; ++term) {
      const std::uint32_t pair = bf16_pair(first, second);
      parts[n / 2][term][n % 2 * 2 + lower] = pair;
      first -= float_of_bf16(pair & 0xffffu);
      second -= float_of_bf16(pair >> 16);
    }
  }
};

/// sums [16, kSums·8] += weights times columns [first_column, first_column + kSums·8) of `columns`. With three terms a
/// tile's part is summed separately and then added in float32: tensor cores truncate, and over thousands of tokens the
/// errors would accumulate.
template <int kSums, class Columns>
__device__ void add_weighted(float (&sums)[kSums][4], const Weights<Columns::kTerms, Columns::kRows>& weights,
                             const Columns& columns, int first_column) {
  constexpr int kTerms = Columns::kTerms;
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
#pragma unroll
  for (int n = 0; n < kSums; n += 2) {
    Sum<kTerms> part[2];
#pragma unroll
    for (int k = 0; k < Columns::kRows / 16; ++k) {
      std::uint32_t b[kTerms][4];
#pragma unroll
      for (int term = 0; term < kTerms; ++term) {
        load_matrices_transposed(b[term], columns.at(term, 16 * k + lane % 16, first_column + 8 * n + lane / 16 * 8));
      }
      if constexpr (kTerms == 1) {
        mma_bf16(sums[n], weights.parts[k][0], b[0]);
        mma_bf16(sums[n + 1], weights.parts[k][0], b[0] + 2);
      } else {
        part[0].add(weights.parts[k], b, 0);
        part[1].add(weights.parts[k], b, 2);
      }
    }
    if constexpr (kTerms == 3) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        sums[n][i] += part[0].value(i);
        sums[n + 1][i] += part[1].value(i);
      }
    }
  }
}

/// Writes a lane's part of sums [16, kSums·8], times a factor per row, to the columns from first_column on: row g to
/// `upper`, row g + 8 to `lower`, unless null. `pairs`: every row begins at a multiple of 8 bytes and head_dim is even.
template <int kSums>
__device__ void store_sums(const float (&sums)[kSums][4], float* upper, float* lower, float upper_factor,
                           float lower_factor, int first_column, int head_dim, bool pairs) {
  const int t = static_cast<int>(threadIdx.x) % 4;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float* row = half == 0 ? upper : lower;
    const float factor = half == 0 ? upper_factor : lower_factor;
    if (row == nullptr) continue;
#pragma unroll
    for (int n = 0; n < kSums; ++n) {
      const int column = first_column + 8 * n + 2 * t;
      const float first = sums[n][2 * half] * factor, second = sums[n][2 * half + 1] * factor;
      if (pairs) {
        if (column < head_dim) *reinterpret_cast<float2*>(row + column) = make_float2(first, second);
      } else {
        if (column < head_dim) row[column] = first;
        if (column + 1 < head_dim) row[column + 1] = second;
      }
    }
  }
}

}  // namespace matinee
