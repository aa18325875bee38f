#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "lib/base/parallel.h"

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
  std::span<float> values_of(std::int32_t row) {
    return {values.data() + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }
  /// Appends a row. Entries of one column are added up; zeros are left out. `entries` is reordered.
  void add_row(std::vector<std::pair<std::int32_t, float>>& entries);
  /// Appends an entry to the row that `end_row` ends.
  void add(std::int32_t column, float value) {
    columns.push_back(column);
    values.push_back(value);
  }
  void end_row() { offsets.push_back(static_cast<std::int64_t>(columns.size())); }
};

/// The matrix whose blocks of rows `append(begin, end, block)` appends to empty matrices, from threads of the pool.
SparseRows rows_by_blocks(std::int32_t rows, std::int32_t n_columns, ThreadPool& pool,
                          const std::function<void(std::int32_t begin, std::int32_t end, SparseRows& block)>& append);
SparseRows transposed(const SparseRows& matrix, ThreadPool& pool);
/// The number of rows that have each column.
std::vector<std::int32_t> column_counts(const SparseRows& matrix);
/// Multiplies each value by ln(rows / rows that have the column), the inverse document frequency. A column with fewer
/// than `at_least` rows is dropped; the other columns keep their numbers.
SparseRows weighted_by_rarity(const SparseRows& matrix, std::int32_t at_least, ThreadPool& pool);
/// Divides each row by its length; rows of zeros are unchanged.
void scale_rows_to_unit(SparseRows& matrix, ThreadPool& pool);
/// The same for one dense row.
void scale_to_unit(std::span<float> row);
/// The same for a dense matrix [rows, dim].
void scale_rows_to_unit(std::span<float> matrix, std::int64_t dim, ThreadPool& pool);

/// Y [rows, width] = A · X [columns, width], dense and row-major. Each row is summed in the order of its entries, so
/// the result does not depend on threads or processors.
std::vector<float> multiply(const SparseRows& a, std::span<const float> x, std::int64_t width, ThreadPool& pool);

}  // namespace matinee
