#include "lib/vectors/truncated_svd.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/base/random.h"

namespace matinee {
namespace {

SparseRows random_matrix(std::int32_t rows, std::int32_t columns, double density, std::uint64_t seed) {
  SparseRows result;
  result.n_columns = columns;
  for (std::int32_t row = 0; row < rows; ++row) {
    Random random(seed, "matrix", static_cast<std::uint64_t>(row));
    std::vector<std::pair<std::int32_t, float>> entries;
    for (std::int32_t column = 0; column < columns; ++column) {
      if (random.chance(density)) entries.emplace_back(column, static_cast<float>(random.normal()));
    }
    result.add_row(entries);
  }
  return result;
}

TEST(SymmetricEigen, GivesBackTheMatrix) {
  constexpr std::int32_t n = 9;
  Random random(1, "symmetric");
  std::vector<double> matrix(n * n);
  for (std::int32_t i = 0; i < n; ++i) {
    for (std::int32_t j = 0; j <= i; ++j) matrix[i * n + j] = matrix[j * n + i] = random.normal();
  }
  std::vector<double> work = matrix, values, vectors;
  symmetric_eigen(work, n, values, vectors);
  for (std::int32_t i = 0; i < n; ++i) {
    if (i > 0) {
      EXPECT_GE(values[i - 1], values[i]);
    }
    for (std::int32_t j = 0; j < n; ++j) {
      double sum = 0;
      for (std::int32_t k = 0; k < n; ++k) sum += vectors[i * n + k] * values[k] * vectors[j * n + k];
      EXPECT_NEAR(sum, matrix[i * n + j], 1e-12);
    }
  }
}

TEST(TruncatedSvd, ColumnsAreOrthonormalAndSatisfyTheDefinition) {
  // A matrix of rank 4, made as a product of thin factors, so four singular values describe it completely.
  const std::int32_t rows = 700, columns = 60;
  const SparseRows left = random_matrix(rows, 4, 1, 3), right = random_matrix(4, columns, 1, 4);
  SparseRows matrix;
  matrix.n_columns = columns;
  for (std::int32_t row = 0; row < rows; ++row) {
    std::vector<std::pair<std::int32_t, float>> entries;
    for (std::int32_t column = 0; column < columns; ++column) {
      double sum = 0;
      for (std::int32_t k = 0; k < 4; ++k) sum += left.values_of(row)[k] * right.values_of(k)[column];
      entries.emplace_back(column, static_cast<float>(sum));
    }
    matrix.add_row(entries);
  }
  ThreadPool pool(2);
  const TruncatedSvd svd = truncated_svd(matrix, 10, 1, pool);
  // Rounding the entries to float adds directions of negligible length.
  ASSERT_GE(svd.rank, 4);
  for (std::int32_t k = 4; k < svd.rank; ++k) EXPECT_LT(svd.singular[k], 1e-4 * svd.singular[0]);
  for (std::int32_t a = 0; a < 4; ++a) {
    for (std::int32_t b = 0; b <= a; ++b) {
      double dot = 0;
      for (std::int32_t row = 0; row < rows; ++row) dot += svd.u[row * svd.rank + a] * svd.u[row * svd.rank + b];
      EXPECT_NEAR(dot, a == b ? 1 : 0, 1e-6);
    }
    // |Aᵀu| = the singular value.
    double squares = 0;
    for (std::int32_t column = 0; column < columns; ++column) {
      double sum = 0;
      for (std::int32_t row = 0; row < rows; ++row) sum += matrix.values_of(row)[column] * svd.u[row * svd.rank + a];
      squares += sum * sum;
    }
    EXPECT_NEAR(std::sqrt(squares), svd.singular[a], 1e-6 * svd.singular[0]);
  }
}

TEST(TruncatedSvd, SameBytesWithAnyNumberOfThreads) {
  const SparseRows matrix = random_matrix(1500, 300, 0.05, 5);
  ThreadPool one(1), three(3);
  const TruncatedSvd a = truncated_svd(matrix, 20, 7, one), b = truncated_svd(matrix, 20, 7, three);
  EXPECT_EQ(a.u, b.u);
  EXPECT_EQ(a.singular, b.singular);
}

TEST(TruncatedSvd, EmptyMatrixGivesNothing) {
  SparseRows empty;
  empty.n_columns = 5;
  ThreadPool pool(1);
  EXPECT_EQ(truncated_svd(empty, 3, 1, pool).rank, 0);
  empty.offsets.assign(4, 0);  // three rows of zeros
  EXPECT_EQ(truncated_svd(empty, 3, 1, pool).rank, 0);
}

}  // namespace
}  // namespace matinee
