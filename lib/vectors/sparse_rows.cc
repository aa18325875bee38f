#include "lib/vectors/sparse_rows.h"

#include <algorithm>
#include <cmath>

#include "lib/base/error.h"
#include "lib/vectors/weighted_sum.h"

namespace matinee {
namespace {

constexpr std::size_t kRowBlock = 1024;

}  // namespace

void SparseRows::add_row(std::vector<std::pair<std::int32_t, float>>& entries) {
  const auto less = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(entries.begin(), entries.end(), less)) std::stable_sort(entries.begin(), entries.end(), less);
  for (std::size_t i = 0; i < entries.size();) {
    const std::int32_t column = entries[i].first;
    if (column < 0 || column >= n_columns) contract_violation("SparseRows::add_row", "a column out of range");
    float sum = 0;
    for (; i < entries.size() && entries[i].first == column; ++i) sum += entries[i].second;
    if (sum != 0) add(column, sum);
  }
  end_row();
}

SparseRows rows_by_blocks(std::int32_t rows, std::int32_t n_columns, ThreadPool& pool,
                          const std::function<void(std::int32_t begin, std::int32_t end, SparseRows& block)>& append) {
  const auto count = static_cast<std::size_t>(rows);
  std::vector<SparseRows> blocks((count + kRowBlock - 1) / kRowBlock);
  pool.for_blocks(count, kRowBlock, [&](std::size_t begin, std::size_t end, int) {
    SparseRows& block = blocks[begin / kRowBlock];
    block.n_columns = n_columns;
    append(static_cast<std::int32_t>(begin), static_cast<std::int32_t>(end), block);
    if (block.rows() != static_cast<std::int32_t>(end - begin))
      contract_violation("rows_by_blocks", "a block with another number of rows");
  });
  std::vector<std::int64_t> first(blocks.size() + 1, 0);
  for (std::size_t i = 0; i < blocks.size(); ++i) first[i + 1] = first[i] + blocks[i].offsets.back();
  SparseRows result;
  result.n_columns = n_columns;
  result.offsets.resize(count + 1);
  result.columns.resize(static_cast<std::size_t>(first.back()));
  result.values.resize(static_cast<std::size_t>(first.back()));
  pool.for_blocks(blocks.size(), 1, [&](std::size_t at, std::size_t, int) {
    SparseRows& block = blocks[at];
    for (std::size_t i = 1; i < block.offsets.size(); ++i)
      result.offsets[at * kRowBlock + i] = first[at] + block.offsets[i];
    std::copy(block.columns.begin(), block.columns.end(), result.columns.begin() + first[at]);
    std::copy(block.values.begin(), block.values.end(), result.values.begin() + first[at]);
    block = SparseRows();
  });
  return result;
}

// A counting sort. Each of a few slices of rows has its own places within every column, so that the slices can be moved
// at the same time.
SparseRows transposed(const SparseRows& matrix, ThreadPool& pool) {
  const auto rows = static_cast<std::size_t>(matrix.rows()), columns = static_cast<std::size_t>(matrix.n_columns);
  const std::size_t n_slices = std::clamp<std::size_t>(matrix.columns.size() / (4 * columns + 1), 1, 16);
  const std::size_t slice = std::max<std::size_t>((rows + n_slices - 1) / n_slices, 1);
  std::vector<std::int64_t> place(n_slices * columns, 0);
  pool.for_blocks(rows, slice, [&](std::size_t begin, std::size_t end, int) {
    std::int64_t* count = place.data() + begin / slice * columns;
    for (std::int64_t i = matrix.offsets[begin]; i < matrix.offsets[end]; ++i) ++count[matrix.columns[i]];
  });
  SparseRows result;
  result.n_columns = matrix.rows();
  result.offsets.resize(columns + 1);
  std::int64_t next = 0;
  for (std::size_t column = 0; column < columns; ++column) {
    for (std::size_t i = 0; i < n_slices; ++i) {
      const std::int64_t count = place[i * columns + column];
      place[i * columns + column] = next;
      next += count;
    }
    result.offsets[column + 1] = next;
  }
  result.columns.resize(matrix.columns.size());
  result.values.resize(matrix.values.size());
  pool.for_blocks(rows, slice, [&](std::size_t begin, std::size_t end, int) {
    std::int64_t* to = place.data() + begin / slice * columns;
    for (std::size_t row = begin; row < end; ++row) {
      for (std::int64_t i = matrix.offsets[row]; i < matrix.offsets[row + 1]; ++i) {
        const std::int64_t at = to[matrix.columns[i]]++;
        result.columns[at] = static_cast<std::int32_t>(row);
        result.values[at] = matrix.values[i];
      }
    }
  });
  return result;
}

std::vector<std::int32_t> column_counts(const SparseRows& matrix) {
  std::vector<std::int32_t> counts(static_cast<std::size_t>(matrix.n_columns), 0);
  for (const std::int32_t column : matrix.columns) ++counts[static_cast<std::size_t>(column)];
  return counts;
}

SparseRows weighted_by_rarity(const SparseRows& matrix, std::int32_t at_least, ThreadPool& pool) {
  const std::vector<std::int32_t> counts = column_counts(matrix);
  std::vector<float> weights(counts.size(), 0.0f);
  for (std::size_t column = 0; column < counts.size(); ++column) {
    // A column that every row has gets ln 1 = 0.
    if (counts[column] >= at_least && counts[column] > 0)
      weights[column] = static_cast<float>(std::log(static_cast<double>(matrix.rows()) / counts[column]));
  }
  return rows_by_blocks(matrix.rows(), matrix.n_columns, pool,
                        [&](std::int32_t begin, std::int32_t end, SparseRows& block) {
                          for (std::int32_t row = begin; row < end; ++row) {
                            for (std::int64_t i = matrix.offsets[row]; i < matrix.offsets[row + 1]; ++i) {
                              const float weight = weights[static_cast<std::size_t>(matrix.columns[i])];
                              if (weight != 0) block.add(matrix.columns[i], matrix.values[i] * weight);
                            }
                            block.end_row();
                          }
                        });
}

void scale_to_unit(std::span<float> row) {
  // Eight sums, which the compiler keeps in one register.
  double sums[8] = {};
  std::size_t at = 0;
  for (; at + 8 <= row.size(); at += 8) {
    for (std::size_t i = 0; i < 8; ++i) sums[i] += static_cast<double>(row[at + i]) * row[at + i];
  }
  double squares = 0;
  for (; at < row.size(); ++at) squares += static_cast<double>(row[at]) * row[at];
  for (const double sum : sums) squares += sum;
  if (squares < 1e-20) {
    std::fill(row.begin(), row.end(), 0.0f);
    return;
  }
  const double factor = 1 / std::sqrt(squares);
  for (float& value : row) value = static_cast<float>(value * factor);
}

void scale_rows_to_unit(SparseRows& matrix, ThreadPool& pool) {
  pool.for_blocks(static_cast<std::size_t>(matrix.rows()), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) scale_to_unit(matrix.values_of(static_cast<std::int32_t>(row)));
  });
}

void scale_rows_to_unit(std::span<float> matrix, std::int64_t dim, ThreadPool& pool) {
  const auto width = static_cast<std::size_t>(dim);
  pool.for_blocks(matrix.size() / width, kRowBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) scale_to_unit(matrix.subspan(row * width, width));
  });
}

std::vector<float> multiply(const SparseRows& a, std::span<const float> x, std::int64_t width, ThreadPool& pool) {
  constexpr std::size_t kBlock = 64;  // small, because some columns of a transposed matrix are long
  std::vector<float> y(static_cast<std::size_t>(a.rows() * width), 0.0f);
  pool.for_blocks(static_cast<std::size_t>(a.rows()), kBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      const std::int64_t first = a.offsets[row];
      add_weighted_sum({a.columns.data() + first, a.values.data() + first, a.offsets[row + 1] - first, x.data(), width,
                        y.data() + static_cast<std::int64_t>(row) * width});
    }
  });
  return y;
}

}  // namespace matinee
