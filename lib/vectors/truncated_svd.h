#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/vectors/sparse_rows.h"

namespace matinee {

struct TruncatedSvd {
  std::int32_t rank = 0;         ///< at most the requested rank; lower if the matrix has a lower rank
  std::vector<double> singular;  ///< [rank], descending
  std::vector<float> v;          ///< [columns, rank], orthonormal columns: the right singular vectors
};

/// The sparse products of truncated_svd, for its progress.
constexpr int svd_products(int iterations) { return 2 * iterations + 2; }

/// The first `rank` singular values and right singular vectors of a sparse matrix, by randomized subspace iteration
/// (Halko, Martinsson, Tropp 2011, "Finding structure with randomness", SIAM Review 53, algorithm 4.4, 16 columns of
/// oversampling). The same seed gives the same bytes with any number of threads. `product_done` is called after each
/// sparse product.
/// Cost: 2·svd_products(iterations)·nonzeros·(rank + 16) operations; two dense matrices of float.
TruncatedSvd truncated_svd(const SparseRows& matrix, std::int32_t rank, std::uint64_t seed, ThreadPool& pool,
                           int iterations = 2, const std::function<void()>& product_done = {});

}  // namespace matinee
