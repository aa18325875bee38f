#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// A set of row vectors and the queries' vectors in it. With rows of unit length an inner product is a cosine.
template <class T>
struct VectorSetOf {
  std::int64_t dim = 0;
  const T* rows = nullptr;     ///< [n_rows, dim]
  const T* queries = nullptr;  ///< [n_queries, dim]
  const T* weights = nullptr;  ///< [n_queries], what the query's inner products in this set count
};
using VectorSet = VectorSetOf<float>;

/// The k rows with the highest score = Σ_set weight·(query · row), for each query.
template <class T>
struct CosineTopkArgsOf {
  static constexpr int kMaxSets = 4;
  std::int64_t n_queries = 0, n_rows = 0, k = 0;
  int n_sets = 0;
  VectorSetOf<T> sets[kMaxSets] = {};
  const std::uint64_t* filter = nullptr;  ///< bit r % 64 of word r / 64 set: row r may be returned; none: all may
  std::int64_t filter_stride = 0;         ///< words from one query's filter to the next; 0: one filter for all
  std::int32_t* ids = nullptr;            ///< [n_queries, k], best first; -1 where there are fewer than k rows
  T* scores = nullptr;                    ///< [n_queries, k]; -infinity beside -1
};
using CosineTopkArgs = CosineTopkArgsOf<float>;

/// Exact: every row is scored; order by score, then by smaller row. A score does not depend on the other queries or on
/// how rows are blocked. Throws Error(kInternal) for wrong sizes, missing pointers or more than kMaxSets sets.
/// Cost: 2·n_queries·n_rows·Σ dim operations, or the bytes of the rows once per block of queries.
void cosine_topk(Context& context, const CosineTopkArgs& args);

}  // namespace matinee
