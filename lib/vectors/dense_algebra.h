#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/base/parallel.h"

namespace matinee {

// Products and decompositions of dense row-major matrices, by Eigen in fixed blocks: the same bytes with any number of
// threads. Narrow matrices are square [width, width] and in double.

/// Yᵀ·Y of Y [rows, width].
std::vector<double> gram(std::span<const float> y, std::int64_t width, ThreadPool& pool);

/// Y [rows, width] · M [width, columns].
std::vector<float> multiply_dense(std::span<const float> y, std::int64_t width, std::span<const float> m,
                                  std::int64_t columns, ThreadPool& pool);

/// Makes the columns of Y [rows, width] orthonormal by the Cholesky factor of their Gram matrix (Cholesky QR). A column
/// that depends linearly on earlier ones becomes zero. One round leaves errors of the condition of Y times the
/// rounding error of float; a second leaves only the latter.
void orthonormalize(std::vector<float>& y, std::int64_t width, int rounds, ThreadPool& pool);

/// Eigenvalues, descending, and eigenvectors (the columns of `vectors`, [n, n]) of a symmetric matrix [n, n], by
/// tridiagonalization and QL steps.
struct SymmetricEigen {
  std::vector<double> values, vectors;
};
SymmetricEigen symmetric_eigen(std::span<const double> matrix, std::int64_t n);

}  // namespace matinee
