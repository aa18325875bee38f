#include "lib/vectors/mutual_information.h"

#include <cmath>

namespace matinee {
namespace {

// The sums of the rows.
std::vector<double> row_sums(const SparseRows& matrix) {
  std::vector<double> sums(static_cast<std::size_t>(matrix.rows()), 0.0);
  for (std::int32_t row = 0; row < matrix.rows(); ++row) {
    for (const float value : matrix.values_of(row)) sums[static_cast<std::size_t>(row)] += value;
  }
  return sums;
}

}  // namespace

MutualInformation::MutualInformation(const SparseRows& who, const SparseRows& contexts, std::int32_t at_least,
                                     ThreadPool& pool)
    : contexts_(contexts) {
  // Without the people of fewer movies; the others are renumbered.
  const std::vector<std::int32_t> counts = column_counts(who);
  std::vector<std::int32_t> row_of(counts.size(), -1);
  for (std::size_t person = 0; person < counts.size(); ++person) {
    if (counts[person] < at_least) continue;
    row_of[person] = static_cast<std::int32_t>(people_.size());
    people_.push_back(static_cast<std::int32_t>(person));
  }
  const SparseRows kept =
      rows_by_blocks(who.rows(), static_cast<std::int32_t>(people_.size()), pool,
                     [&](std::int32_t begin, std::int32_t end, SparseRows& block) {
                       for (std::int32_t movie = begin; movie < end; ++movie) {
                         for (std::int64_t i = who.offsets[movie]; i < who.offsets[movie + 1]; ++i) {
                           const std::int32_t row = row_of[static_cast<std::size_t>(who.columns[i])];
                           if (row >= 0) block.add(row, who.values[i]);
                         }
                         block.end_row();
                       }
                     });
  movies_ = transposed(kept, pool);

  // The sums over rows and columns of the counts follow from those of the two factors.
  const std::vector<double> people_of = row_sums(kept), contexts_of = row_sums(contexts);
  std::vector<double> column_sum(static_cast<std::size_t>(contexts.n_columns), 0.0);
  for (std::int32_t movie = 0; movie < contexts.rows(); ++movie) {
    for (std::int64_t i = contexts.offsets[movie]; i < contexts.offsets[movie + 1]; ++i)
      column_sum[static_cast<std::size_t>(contexts.columns[i])] +=
          contexts.values[i] * people_of[static_cast<std::size_t>(movie)];
  }
  double total = 0;
  for (double& sum : column_sum) {
    sum = std::pow(sum, 0.75);  // otherwise rare contexts would count too much
    total += sum;
    column_term_.push_back(static_cast<float>(std::log(sum)));
  }
  for (std::int32_t row = 0; row < rows(); ++row) {
    double sum = 0;
    for (std::int64_t i = movies_.offsets[row]; i < movies_.offsets[row + 1]; ++i)
      sum += movies_.values[i] * contexts_of[static_cast<std::size_t>(movies_.columns[i])];
    row_term_.push_back(static_cast<float>(std::log(total / sum)));
  }
}

void MutualInformation::make(std::int32_t row, Row& to) const {
  to.counts.resize(static_cast<std::size_t>(contexts_.n_columns), 0.0f);
  to.columns.clear();
  to.values.clear();
  for (std::int64_t i = movies_.offsets[row]; i < movies_.offsets[row + 1]; ++i) {
    const std::int32_t movie = movies_.columns[i];
    for (std::int64_t j = contexts_.offsets[movie]; j < contexts_.offsets[movie + 1]; ++j) {
      float& count = to.counts[static_cast<std::size_t>(contexts_.columns[j])];
      if (count == 0) to.columns.push_back(contexts_.columns[j]);
      count += movies_.values[i] * contexts_.values[j];
    }
  }
  std::size_t kept = 0;
  for (const std::int32_t column : to.columns) {
    float& count = to.counts[static_cast<std::size_t>(column)];
    const float information =
        std::log(count) + row_term_[static_cast<std::size_t>(row)] - column_term_[static_cast<std::size_t>(column)];
    count = 0;
    if (information <= 0) continue;
    to.columns[kept++] = column;
    to.values.push_back(information);
  }
  to.columns.resize(kept);
}

}  // namespace matinee
