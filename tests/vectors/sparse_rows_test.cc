#include "lib/vectors/sparse_rows.h"

#include <gtest/gtest.h>

#include <cmath>

namespace matinee {
namespace {

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
  const SparseRows m = rows_of(3, {{{0, 1.f}, {2, 2.f}}, {}, {{1, 3.f}, {2, 4.f}}});
  const SparseRows t = transposed(m);
  EXPECT_EQ(t.rows(), 3);
  EXPECT_EQ(t.n_columns, 3);
  EXPECT_EQ(t.values, (std::vector<float>{1.f, 3.f, 2.f, 4.f}));
  const SparseRows back = transposed(t);
  EXPECT_EQ(back.offsets, m.offsets);
  EXPECT_EQ(back.columns, m.columns);
  EXPECT_EQ(back.values, m.values);
}

TEST(SparseRows, SideBySideRenumbersColumns) {
  const SparseRows parts[] = {rows_of(2, {{{1, 1.f}}, {}}), rows_of(3, {{{0, 2.f}}, {{2, 3.f}}})};
  const SparseRows m = side_by_side(parts);
  EXPECT_EQ(m.n_columns, 5);
  EXPECT_EQ(m.columns, (std::vector<std::int32_t>{1, 2, 4}));
}

TEST(SparseRows, RarerColumnsWeighMoreAndTooRareOnesAreDropped) {
  const SparseRows m = rows_of(3, {{{0, 1.f}, {1, 1.f}}, {{0, 1.f}, {1, 1.f}}, {{0, 1.f}}, {{2, 1.f}}});
  const SparseRows w = weighted_by_rarity(m, 2);
  EXPECT_EQ(w.columns_of(3).size(), 0u);  // column 2 has one row only
  EXPECT_FLOAT_EQ(w.values_of(0)[0], std::log(4.f / 3.f));
  EXPECT_FLOAT_EQ(w.values_of(0)[1], std::log(2.f));
}

TEST(SparseRows, UnitRowsOrZero) {
  std::vector<float> dense{3, 4, 0, 0};
  scale_rows_to_unit(dense, 2);
  EXPECT_EQ(dense, (std::vector<float>{0.6f, 0.8f, 0, 0}));
}

TEST(SparseRows, TheMeanIsThatOfTheKnownRows) {
  std::vector<float> dense{9, 1, 3, 9, 0, 0, 9, 3, 5};
  subtract_mean(dense, 3, 1, 3);
  EXPECT_EQ(dense, (std::vector<float>{9, -1, -1, 9, 0, 0, 9, 1, 1}));
}

}  // namespace
}  // namespace matinee
