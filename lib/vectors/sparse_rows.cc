#include "lib/vectors/sparse_rows.h"

#include <algorithm>
#include <cmath>

#include "lib/base/error.h"

namespace matinee {

void SparseRows::add_row(std::vector<std::pair<std::int32_t, float>>& entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < entries.size();) {
    const std::int32_t column = entries[i].first;
    if (column < 0 || column >= n_columns) contract_violation("SparseRows::add_row", "a column out of range");
    float sum = 0;
    for (; i < entries.size() && entries[i].first == column; ++i) sum += entries[i].second;
    if (sum == 0) continue;
    columns.push_back(column);
    values.push_back(sum);
  }
  offsets.push_back(static_cast<std::int64_t>(columns.size()));
}

SparseRows transposed(const SparseRows& matrix) {
  SparseRows result;
  result.n_columns = matrix.rows();
  result.offsets.assign(static_cast<std::size_t>(matrix.n_columns) + 1, 0);
  for (const std::int32_t column : matrix.columns) ++result.offsets[static_cast<std::size_t>(column) + 1];
  for (std::size_t i = 1; i < result.offsets.size(); ++i) result.offsets[i] += result.offsets[i - 1];
  result.columns.resize(matrix.columns.size());
  result.values.resize(matrix.values.size());
  std::vector<std::int64_t> next(result.offsets.begin(), result.offsets.end() - 1);
  for (std::int32_t row = 0; row < matrix.rows(); ++row) {
    for (std::int64_t i = matrix.offsets[row]; i < matrix.offsets[row + 1]; ++i) {
      const std::int64_t to = next[matrix.columns[i]]++;
      result.columns[to] = row;
      result.values[to] = matrix.values[i];
    }
  }
  return result;
}

SparseRows side_by_side(std::span<const SparseRows> matrices) {
  SparseRows result;
  if (matrices.empty()) return result;
  for (const SparseRows& matrix : matrices) {
    if (matrix.rows() != matrices[0].rows()) contract_violation("side_by_side", "matrices of different row numbers");
    result.n_columns += matrix.n_columns;
  }
  for (std::int32_t row = 0; row < matrices[0].rows(); ++row) {
    std::int32_t first = 0;
    for (const SparseRows& matrix : matrices) {
      for (const std::int32_t column : matrix.columns_of(row)) result.columns.push_back(first + column);
      const auto values = matrix.values_of(row);
      result.values.insert(result.values.end(), values.begin(), values.end());
      first += matrix.n_columns;
    }
    result.offsets.push_back(static_cast<std::int64_t>(result.columns.size()));
  }
  return result;
}

SparseRows weighted_by_rarity(const SparseRows& matrix, std::int32_t at_least) {
  std::vector<std::int32_t> count(static_cast<std::size_t>(matrix.n_columns), 0);
  for (const std::int32_t column : matrix.columns) ++count[column];
  SparseRows result;
  result.n_columns = matrix.n_columns;
  for (std::int32_t row = 0; row < matrix.rows(); ++row) {
    for (std::int64_t i = matrix.offsets[row]; i < matrix.offsets[row + 1]; ++i) {
      const std::int32_t column = matrix.columns[i];
      // A column that every row has gets ln 1 = 0.
      if (count[column] < at_least || count[column] == matrix.rows()) continue;
      result.columns.push_back(column);
      result.values.push_back(matrix.values[i] *
                              static_cast<float>(std::log(static_cast<double>(matrix.rows()) / count[column])));
    }
    result.offsets.push_back(static_cast<std::int64_t>(result.columns.size()));
  }
  return result;
}

namespace {

void scale_to_unit(float* values, std::int64_t count) {
  double squares = 0;
  for (std::int64_t i = 0; i < count; ++i) squares += static_cast<double>(values[i]) * values[i];
  if (squares < 1e-20) {
    std::fill_n(values, count, 0.0f);
    return;
  }
  const double factor = 1 / std::sqrt(squares);
  for (std::int64_t i = 0; i < count; ++i) values[i] = static_cast<float>(values[i] * factor);
}

}  // namespace

void scale_rows_to_unit(SparseRows& matrix) {
  for (std::int32_t row = 0; row < matrix.rows(); ++row) {
    scale_to_unit(matrix.values.data() + matrix.offsets[row], matrix.offsets[row + 1] - matrix.offsets[row]);
  }
}

void scale_rows_to_unit(std::span<float> matrix, std::int64_t dim) {
  for (std::size_t row = 0; row + static_cast<std::size_t>(dim) <= matrix.size();
       row += static_cast<std::size_t>(dim)) {
    scale_to_unit(matrix.data() + row, dim);
  }
}

void subtract_mean(std::span<float> matrix, std::int64_t dim, std::int64_t first, std::int64_t last) {
  const auto rows = static_cast<std::int64_t>(matrix.size()) / dim;
  const auto part = [&](std::int64_t row) {
    return matrix.subspan(static_cast<std::size_t>(row * dim + first), static_cast<std::size_t>(last - first));
  };
  const auto known = [&](std::int64_t row) {
    const auto values = part(row);
    return std::any_of(values.begin(), values.end(), [](float value) { return value != 0; });
  };
  std::vector<double> mean(static_cast<std::size_t>(last - first), 0.0);
  std::int64_t count = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    if (!known(row)) continue;
    const auto values = part(row);
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += values[i];
    ++count;
  }
  for (double& sum : mean) sum /= static_cast<double>(std::max<std::int64_t>(count, 1));
  for (std::int64_t row = 0; row < rows; ++row) {
    if (!known(row)) continue;
    const auto values = part(row);
    for (std::size_t i = 0; i < mean.size(); ++i) values[i] = static_cast<float>(values[i] - mean[i]);
  }
}

}  // namespace matinee
