#include "lib/vectors/truncated_svd.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/vectors/dense_algebra.h"
#include "tests/vectors/random_sparse.h"

namespace matinee {
namespace {

using testing::random_sparse;

// Aᵀ·A in float64.
std::vector<double> inner_products(const SparseRows& a) {
  const std::int64_t n = a.n_columns;
  std::vector<double> result(static_cast<std::size_t>(n * n), 0.0);
  for (std::int32_t row = 0; row < a.rows(); ++row) {
    const auto columns = a.columns_of(row);
    const auto values = a.values_of(row);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      for (std::size_t j = 0; j < columns.size(); ++j)
        result[static_cast<std::size_t>(columns[i] * n + columns[j])] += static_cast<double>(values[i]) * values[j];
    }
  }
  return result;
}

// A product of two random matrices with `rank` terms of falling weight, as sparse rows.
SparseRows decaying(std::int32_t rows, std::int32_t columns, std::int32_t rank, double decay) {
  const SparseRows left = random_sparse(rows, rank, 1, 3), right = random_sparse(rank, columns, 1, 4);
  SparseRows matrix;
  matrix.n_columns = columns;
  for (std::int32_t row = 0; row < rows; ++row) {
    std::vector<std::pair<std::int32_t, float>> entries;
    for (std::int32_t column = 0; column < columns; ++column) {
      double sum = 0;
      for (std::int32_t k = 0; k < rank; ++k)
        sum += std::pow(decay, k) * left.values_of(row)[static_cast<std::size_t>(k)] *
               right.values_of(k)[static_cast<std::size_t>(column)];
      entries.emplace_back(column, static_cast<float>(sum));
    }
    matrix.add_row(entries);
  }
  return matrix;
}

void expect_orthonormal(const TruncatedSvd& svd, std::int32_t columns) {
  for (std::int32_t a = 0; a < svd.rank; ++a) {
    for (std::int32_t b = 0; b <= a; ++b) {
      double dot = 0;
      for (std::int32_t i = 0; i < columns; ++i)
        dot += static_cast<double>(svd.v[static_cast<std::size_t>(i * svd.rank + a)]) *
               svd.v[static_cast<std::size_t>(i * svd.rank + b)];
      ASSERT_NEAR(dot, a == b ? 1 : 0, 1e-4) << a << " " << b;
    }
  }
}

TEST(TruncatedSvd, IsTheDecompositionOfFloat64) {
  ThreadPool pool(2);
  const SparseRows matrix = decaying(700, 90, 40, 0.8);
  const TruncatedSvd svd = truncated_svd(matrix, 12, 1, pool);
  ASSERT_EQ(svd.rank, 12);
  expect_orthonormal(svd, matrix.n_columns);
  const SymmetricEigen exact = symmetric_eigen(inner_products(matrix), matrix.n_columns);
  for (std::int32_t k = 0; k < svd.rank; ++k) {
    EXPECT_NEAR(svd.singular[static_cast<std::size_t>(k)] / std::sqrt(exact.values[static_cast<std::size_t>(k)]), 1,
                1e-4);
    // The vector lies in the span of the exact ones.
    double inside = 0;
    for (std::int32_t j = 0; j < svd.rank; ++j) {
      double dot = 0;
      for (std::int32_t i = 0; i < matrix.n_columns; ++i)
        dot += svd.v[static_cast<std::size_t>(i * svd.rank + k)] *
               exact.vectors[static_cast<std::size_t>(i * matrix.n_columns + j)];
      inside += dot * dot;
    }
    EXPECT_NEAR(inside, 1, 1e-2) << k;
  }
}

TEST(TruncatedSvd, RankOfTheMatrixBoundsTheResult) {
  ThreadPool pool(2);
  const TruncatedSvd low = truncated_svd(decaying(700, 60, 4, 1), 10, 1, pool);
  // Rounding the entries to float adds directions of negligible length.
  ASSERT_GE(low.rank, 4);
  for (std::int32_t k = 4; k < low.rank; ++k)
    EXPECT_LT(low.singular[static_cast<std::size_t>(k)], 1e-4 * low.singular[0]);
  EXPECT_EQ(truncated_svd(random_sparse(5, 300, 0.3, 1), 1000, 1, pool).rank, 5);
  EXPECT_EQ(truncated_svd(random_sparse(300, 6, 0.3, 1), 1000, 1, pool).rank, 6);
}

TEST(TruncatedSvd, SameBytesWithAnyNumberOfThreads) {
  const SparseRows matrix = random_sparse(1500, 300, 0.05, 5);
  ThreadPool one(1), two(2), three(3);
  const TruncatedSvd a = truncated_svd(matrix, 20, 7, one);
  for (ThreadPool* pool : {&two, &three}) {
    const TruncatedSvd b = truncated_svd(matrix, 20, 7, *pool);
    EXPECT_EQ(a.v, b.v);
    EXPECT_EQ(a.singular, b.singular);
  }
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
