#pragma once

#include <cstdint>

#include "lib/base/dtype.h"

namespace matinee {

class Context;

/// A set of row vectors and the queries' vectors for it. With rows of unit length an inner product is a cosine.
template <class T>
struct VectorSetOf {
  std::int64_t dim = 0;
  const void* rows = nullptr;         ///< [n_rows, dim] in CosineTopkArgs::storage; kF32 means T
  const T* queries = nullptr;         ///< [n_queries, dim]
  const T* weights = nullptr;         ///< [n_queries], factor of the query's inner products in this set
  const float* row_scales = nullptr;  ///< [n_rows], kI8 only: value = code·scale
};
using VectorSet = VectorSetOf<float>;

/// The k rows with the highest score = Σ_set weight·(query · row), for each query.
template <class T>
struct CosineTopkArgsOf {
  static constexpr int kMaxSets = 4;
  std::int64_t n_queries = 0, n_rows = 0, k = 0;
  int n_sets = 0;
  VectorSetOf<T> sets[kMaxSets] = {};
  DType storage = DType::kF32;            ///< of all sets' rows: kF32, kBF16 or kI8
  const std::uint64_t* filter = nullptr;  ///< row r may be returned if bit r % 64 of word r / 64 is set; none: all rows
  std::int64_t filter_stride = 0;         ///< words from one query's filter to the next; 0: one filter for all
  std::int32_t* ids = nullptr;            ///< [n_queries, k], best first; -1 past the last row found
  T* scores = nullptr;                    ///< [n_queries, k]; -infinity where the id is -1
};
using CosineTopkArgs = CosineTopkArgsOf<float>;

/// The largest dim of a kI8 set: a sum of products of codes stays below 2^31.
constexpr std::int64_t kMostInt8Dim = 1 << 17;

/// Exact: every row is scored; order by score, then by smaller row. A row whose score is NaN is left out. With
/// p = weight·query, rounded to float32, the score is by storage
///   kF32   Σ_set Σ_i p_i·row_i, sums in float32;
///   kBF16  Σ_set Σ_i bf16(p_i)·row_i, sums in float32; the products are exact;
///   kI8    p quantized as quantize_int8() quantizes a row: codes c and a scale. Then, starting from 0, set after set,
///          score ← fma(float(Σ_i c_i·row_i), row_scale·scale, score): the sum is exact in int32, each of the three
///          other operations is rounded to float32. A query with a p_i that is not finite has only NaN scores.
/// So kI8 gives the same ids and scores, bit for bit, on every device and instruction set. For the other two the order
/// of summation depends on the device: rows whose scores differ by less than the rounding of the sums may swap places
/// between devices. Equal scores are ordered by row everywhere. Results are deterministic on each device, and a score
/// depends neither on the blocking of rows nor on the other queries, except that CUDA sums kF32 and kBF16 in one order
/// for up to 8 queries and in another for more. Throws Error(kInternal) for wrong sizes, missing
/// pointers, another storage or more than kMaxSets sets. Cost: 2·n_queries·n_rows·Σ dim operations, or the bytes of the
/// rows once per block of queries.
void cosine_topk(Context& context, const CosineTopkArgs& args);

}  // namespace matinee
