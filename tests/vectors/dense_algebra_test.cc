#include "lib/vectors/dense_algebra.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/base/random.h"
#include "tests/vectors/random_sparse.h"

namespace matinee {
namespace {

using testing::random_dense;

double dot_of_columns(const std::vector<float>& y, std::int64_t width, std::int64_t a, std::int64_t b) {
  double sum = 0;
  for (std::size_t row = 0; row < y.size(); row += static_cast<std::size_t>(width))
    sum += static_cast<double>(y[row + static_cast<std::size_t>(a)]) * y[row + static_cast<std::size_t>(b)];
  return sum;
}

TEST(DenseAlgebra, GramMatrixAndProductAreThoseOfFloat64AtAnyNumberOfThreads) {
  ThreadPool one(1), three(3);
  struct Shape {
    std::int64_t rows, width, columns;
  };
  for (const auto& [rows, width, columns] : {Shape{1, 1, 1}, {700, 31, 5}, {20000, 20, 20}, {300, 130, 64}}) {
    const std::vector<float> y = random_dense(rows * width, 1), m = random_dense(width * columns, 2);
    const std::vector<double> g = gram(y, width, one);
    EXPECT_EQ(gram(y, width, three), g);
    for (std::int64_t i = 0; i < width; ++i) {
      for (std::int64_t j = 0; j < width; ++j)
        ASSERT_NEAR(g[static_cast<std::size_t>(i * width + j)], dot_of_columns(y, width, i, j), 1e-9 * rows);
    }
    const std::vector<float> product = multiply_dense(y, width, m, columns, one);
    EXPECT_EQ(multiply_dense(y, width, m, columns, three), product);
    for (std::int64_t row = 0; row < rows; row += 37) {
      for (std::int64_t j = 0; j < columns; ++j) {
        double sum = 0;
        for (std::int64_t k = 0; k < width; ++k)
          sum += static_cast<double>(y[static_cast<std::size_t>(row * width + k)]) *
                 m[static_cast<std::size_t>(k * columns + j)];
        ASSERT_NEAR(product[static_cast<std::size_t>(row * columns + j)], sum, 1e-5 * std::sqrt(width) * 4);
      }
    }
  }
}

TEST(DenseAlgebra, ColumnsBecomeOrthonormalAndDependentOnesZero) {
  ThreadPool one(1), three(3);
  constexpr std::int64_t rows = 3000, width = 50;
  std::vector<float> y = random_dense(rows * width, 3);
  for (std::int64_t row = 0; row < rows; ++row) {
    float* at = y.data() + row * width;
    at[0] *= 1000;
    at[7] = at[2] - 3 * at[5];      // depends on earlier columns
    at[9] = at[8] + 0.01f * at[9];  // nearly depends on one
    at[20] = 0;
  }
  std::vector<float> again = y;
  const std::vector<float> before = y;
  orthonormalize(y, width, 2, one);
  orthonormalize(again, width, 2, three);
  EXPECT_EQ(y, again);
  for (std::int64_t i = 0; i < width; ++i) {
    const bool zero = i == 7 || i == 20;
    for (std::int64_t j = 0; j <= i; ++j)
      ASSERT_NEAR(dot_of_columns(y, width, i, j), i == j && !zero ? 1 : 0, 1e-6) << i << " " << j;
    if (zero) continue;
    // The span is the same: column i lies in that of the new columns up to i.
    double inside = 0;
    for (std::int64_t j = 0; j <= i; ++j) {
      double dot = 0;
      for (std::int64_t row = 0; row < rows; ++row)
        dot += static_cast<double>(before[static_cast<std::size_t>(row * width + i)]) *
               y[static_cast<std::size_t>(row * width + j)];
      inside += dot * dot;
    }
    EXPECT_NEAR(inside / dot_of_columns(before, width, i, i), 1, 1e-5) << i;
  }
}

TEST(DenseAlgebra, EigenvectorsGiveBackTheMatrix) {
  for (const std::int64_t n : {1, 2, 9, 60}) {
    Random random(1, "symmetric");
    std::vector<double> matrix(static_cast<std::size_t>(n * n));
    const auto at = [n](std::vector<double>& m, std::int64_t i, std::int64_t j) -> double& {
      return m[static_cast<std::size_t>(i * n + j)];
    };
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j <= i; ++j) at(matrix, i, j) = at(matrix, j, i) = random.normal();
    }
    SymmetricEigen eigen = symmetric_eigen(matrix, n);
    for (std::int64_t i = 0; i < n; ++i) {
      if (i > 0) {
        EXPECT_GE(eigen.values[static_cast<std::size_t>(i - 1)], eigen.values[static_cast<std::size_t>(i)]);
      }
      for (std::int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (std::int64_t k = 0; k < n; ++k)
          sum += at(eigen.vectors, i, k) * eigen.values[static_cast<std::size_t>(k)] * at(eigen.vectors, j, k);
        EXPECT_NEAR(sum, at(matrix, i, j), 1e-12 * n);
      }
    }
  }
}

}  // namespace
}  // namespace matinee
