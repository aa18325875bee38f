#include "lib/vectors/sparse_rows.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/base/cpu_features.h"
#include "lib/vectors/weighted_sum.h"
#include "tests/vectors/random_sparse.h"

namespace matinee {
namespace {

using testing::random_dense;
using testing::random_sparse;

SparseRows rows_of(std::int32_t n_columns, std::vector<std::vector<std::pair<std::int32_t, float>>> rows) {
  SparseRows result;
  result.n_columns = n_columns;
  for (auto& row : rows) result.add_row(row);
  return result;
}

TEST(SparseRows, AddsUpEntriesOfOneColumnAndLeavesZerosOut) {
  const SparseRows m = rows_of(4, {{{3, 1.f}, {1, 2.f}, {3, 0.5f}, {0, 1.f}, {0, -1.f}}, {}});
  EXPECT_EQ(m.rows(), 2);
  EXPECT_EQ(m.columns, (std::vector<std::int32_t>{1, 3}));
  EXPECT_EQ(m.values, (std::vector<float>{2.f, 1.5f}));
  EXPECT_TRUE(m.columns_of(1).empty());
}

TEST(SparseRows, TransposedTwiceIsTheSame) {
  ThreadPool pool(2);
  const SparseRows m = rows_of(3, {{{0, 1.f}, {2, 2.f}}, {}, {{1, 3.f}, {2, 4.f}}});
  const SparseRows t = transposed(m, pool);
  EXPECT_EQ(t.rows(), 3);
  EXPECT_EQ(t.n_columns, 3);
  EXPECT_EQ(t.values, (std::vector<float>{1.f, 3.f, 2.f, 4.f}));
  // The second is moved in several slices, the third has more columns than entries, the last none.
  for (const SparseRows& matrix : {m, random_sparse(3000, 7, 0.5, 1), random_sparse(5, 900, 0.1, 2), SparseRows()}) {
    const SparseRows back = transposed(transposed(matrix, pool), pool);
    EXPECT_EQ(back.offsets, matrix.offsets);
    EXPECT_EQ(back.columns, matrix.columns);
    EXPECT_EQ(back.values, matrix.values);
  }
}

TEST(SparseRows, BlocksAreJoinedInTheirOrder) {
  ThreadPool pool(3);
  const SparseRows m = rows_by_blocks(5000, 9, pool, [](std::int32_t begin, std::int32_t end, SparseRows& block) {
    for (std::int32_t row = begin; row < end; ++row) {
      for (std::int32_t i = 0; i < row % 3; ++i) block.add(i, static_cast<float>(row));
      block.end_row();
    }
  });
  ASSERT_EQ(m.rows(), 5000);
  for (std::int32_t row = 0; row < m.rows(); ++row) {
    ASSERT_EQ(m.columns_of(row).size(), static_cast<std::size_t>(row % 3));
    for (const float value : m.values_of(row)) ASSERT_EQ(value, static_cast<float>(row));
  }
}

TEST(SparseRows, RarerColumnsWeighMoreAndTooRareOnesAreDropped) {
  ThreadPool pool(1);
  const SparseRows m = rows_of(3, {{{0, 1.f}, {1, 1.f}}, {{0, 1.f}, {1, 1.f}}, {{0, 1.f}}, {{2, 1.f}}});
  const SparseRows w = weighted_by_rarity(m, 2, pool);
  EXPECT_EQ(w.columns_of(3).size(), 0u);  // column 2 has one row only
  EXPECT_FLOAT_EQ(w.values_of(0)[0], std::log(4.f / 3.f));
  EXPECT_FLOAT_EQ(w.values_of(0)[1], std::log(2.f));
}

TEST(SparseRows, UnitRowsOrZero) {
  ThreadPool pool(1);
  std::vector<float> dense{3, 4, 0, 0};
  scale_rows_to_unit(dense, 2, pool);
  EXPECT_EQ(dense, (std::vector<float>{0.6f, 0.8f, 0, 0}));
  for (std::int64_t dim = 1; dim < 40; ++dim) {
    std::vector<float> row = random_dense(dim, 1);
    const float ratio = row.back() / row.front();
    scale_to_unit(row);
    double squares = 0;
    for (const float value : row) squares += static_cast<double>(value) * value;
    EXPECT_NEAR(squares, 1, 1e-6) << dim;
    EXPECT_NEAR(row.back() / row.front(), ratio, 1e-5 * std::abs(ratio));
  }
}

TEST(SparseRows, ProductIsThatOfFloat64) {
  ThreadPool one(1), three(3);
  // Rows longer than one chunk of the sum; widths with and without a tail.
  const SparseRows a = random_sparse(90, 2000, 0.4, 3);
  for (const std::int64_t width : {1, 7, 8, 24, 71, 144, 300}) {
    const std::vector<float> x = random_dense(a.n_columns * width, 4);
    const std::vector<float> y = multiply(a, x, width, one);
    EXPECT_EQ(multiply(a, x, width, three), y);
    for (std::int32_t row = 0; row < a.rows(); ++row) {
      for (std::int64_t j = 0; j < width; ++j) {
        double sum = 0, size = 0;
        for (std::int64_t i = a.offsets[row]; i < a.offsets[row + 1]; ++i) {
          const double term = static_cast<double>(a.values[i]) * x[static_cast<std::size_t>(a.columns[i] * width + j)];
          sum += term;
          size += std::abs(term);
        }
        ASSERT_NEAR(y[static_cast<std::size_t>(row * width + j)], sum, 1e-6 * size) << row << " " << j;
      }
    }
  }
}

TEST(WeightedSum, InstructionSetsGiveTheSameBytes) {
  if (isa_level() < IsaLevel::kAvx512) GTEST_SKIP() << "this processor has no AVX-512";
  const SparseRows a = random_sparse(3, 900, 0.7, 5);
  for (std::int64_t width = 1; width < 330; width += 5) {
    const std::vector<float> x = random_dense(a.n_columns * width, 6);
    for (std::int32_t row = 0; row < a.rows(); ++row) {
      std::vector<float> narrow = random_dense(width, 7), wide = narrow;
      WeightedSum sum{a.columns_of(row).data(),
                      a.values_of(row).data(),
                      static_cast<std::int64_t>(a.columns_of(row).size()),
                      x.data(),
                      width,
                      narrow.data()};
      add_weighted_sum_avx2(sum);
      sum.to = wide.data();
      add_weighted_sum_avx512(sum);
      ASSERT_EQ(narrow, wide) << width;
    }
  }
}

}  // namespace
}  // namespace matinee
