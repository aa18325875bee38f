#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace matinee {

/// A sparse matrix by rows: row r has the columns `columns[offsets[r] .. offsets[r + 1])`, ascending, and their values.
struct SparseRows {
  std::int32_t n_columns = 0;
  std::vector<std::int64_t> offsets{0};
  std::vector<std::int32_t> columns;
  std::vector<float> values;

  std::int32_t rows() const { return static_cast<std::int32_t>(offsets.size()) - 1; }
  std::span<const std::int32_t> columns_of(std::int32_t row) const {
    return {columns.data() + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }
  std::span<const float> values_of(std::int32_t row) const {
    return {values.data() + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }
  /// Appends a row. Entries of one column are added up; zeros are left out. `entries` is reordered.
  void add_row(std::vector<std::pair<std::int32_t, float>>& entries);
};

SparseRows transposed(const SparseRows& matrix);
/// The matrices side by side; all have the same number of rows.
SparseRows side_by_side(std::span<const SparseRows> matrices);
/// Multiplies each value by ln(rows / rows that have the column), the inverse document frequency. A column with fewer
/// than `at_least` rows is dropped; the other columns keep their numbers.
SparseRows weighted_by_rarity(const SparseRows& matrix, std::int32_t at_least);
/// Divides each row by its length; rows of zeros are unchanged.
void scale_rows_to_unit(SparseRows& matrix);
/// The same for a dense matrix [rows, dim].
void scale_rows_to_unit(std::span<float> matrix, std::int64_t dim);
/// Subtracts from the columns [first, last) of a dense matrix [rows, dim] their mean over the rows that are not zero
/// in all of them; rows that are stay zero.
void subtract_mean(std::span<float> matrix, std::int64_t dim, std::int64_t first, std::int64_t last);

}  // namespace matinee
