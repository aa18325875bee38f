#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/vectors/sparse_rows.h"

namespace matinee {

struct TruncatedSvd {
  std::int32_t rank = 0;         ///< at most the requested rank; lower if the matrix has a lower rank
  std::vector<double> u;         ///< [rows, rank], orthonormal columns
  std::vector<double> singular;  ///< [rank], descending
};

/// The first `rank` left singular vectors and values of a sparse matrix, by randomized subspace iteration (Halko,
/// Martinsson, Tropp 2011, "Finding structure with randomness", SIAM Review 53, algorithm 4.4, 16 columns of
/// oversampling). The same seed gives the same bytes with any number of threads.
/// Cost: 2·(2·iterations + 2)·nonzeros·(rank + 16) operations and two dense matrices of double.
TruncatedSvd truncated_svd(const SparseRows& matrix, std::int32_t rank, std::uint64_t seed, ThreadPool& pool,
                           int iterations = 2);

/// Eigenvalues (descending) and eigenvectors (columns of `vectors`, [n, n]) of a symmetric matrix [n, n], by cyclic
/// Jacobi rotations. `matrix` is overwritten.
void symmetric_eigen(std::vector<double>& matrix, std::int32_t n, std::vector<double>& values,
                     std::vector<double>& vectors);

}  // namespace matinee
