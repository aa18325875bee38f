#include "lib/vectors/person_embedding.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/vectors/truncated_svd.h"

namespace matinee {
namespace {

// Empties columns with fewer than `at_least` rows; the other columns keep their numbers.
SparseRows without_rare(const SparseRows& matrix, std::int32_t at_least) {
  std::vector<std::int32_t> count(static_cast<std::size_t>(matrix.n_columns), 0);
  for (const std::int32_t column : matrix.columns) ++count[column];
  SparseRows result;
  result.n_columns = matrix.n_columns;
  for (std::int32_t row = 0; row < matrix.rows(); ++row) {
    for (std::int64_t i = matrix.offsets[row]; i < matrix.offsets[row + 1]; ++i) {
      if (count[matrix.columns[i]] < at_least) continue;
      result.columns.push_back(matrix.columns[i]);
      result.values.push_back(matrix.values[i]);
    }
    result.offsets.push_back(static_cast<std::int64_t>(result.columns.size()));
  }
  return result;
}

constexpr std::size_t kPeopleBlock = 256;

// Wᵀ·C, by rows of the result, each summed by one thread in the order of the movies.
SparseRows co_occurrence(const SparseRows& who, const SparseRows& contexts, ThreadPool& pool) {
  const SparseRows movies_of = transposed(who);
  const std::size_t people = static_cast<std::size_t>(movies_of.rows());
  std::vector<SparseRows> blocks((people + kPeopleBlock - 1) / kPeopleBlock);
  pool.for_blocks(people, kPeopleBlock, [&](std::size_t begin, std::size_t end, int) {
    SparseRows& block = blocks[begin / kPeopleBlock];
    std::vector<float> sums(static_cast<std::size_t>(contexts.n_columns), 0.0f);
    std::vector<std::int32_t> touched;
    for (std::size_t person = begin; person < end; ++person) {
      touched.clear();
      for (std::int64_t i = movies_of.offsets[person]; i < movies_of.offsets[person + 1]; ++i) {
        const std::int32_t movie = movies_of.columns[i];
        for (std::int64_t j = contexts.offsets[movie]; j < contexts.offsets[movie + 1]; ++j) {
          float& sum = sums[contexts.columns[j]];
          if (sum == 0) touched.push_back(contexts.columns[j]);
          sum += movies_of.values[i] * contexts.values[j];
        }
      }
      std::sort(touched.begin(), touched.end());
      for (const std::int32_t column : touched) {
        block.columns.push_back(column);
        block.values.push_back(sums[column]);
        sums[column] = 0;
      }
      block.offsets.push_back(static_cast<std::int64_t>(block.columns.size()));
    }
  });
  SparseRows result;
  result.n_columns = contexts.n_columns;
  for (const SparseRows& block : blocks) {
    const std::int64_t first = static_cast<std::int64_t>(result.columns.size());
    result.columns.insert(result.columns.end(), block.columns.begin(), block.columns.end());
    result.values.insert(result.values.end(), block.values.begin(), block.values.end());
    for (std::size_t i = 1; i < block.offsets.size(); ++i) result.offsets.push_back(first + block.offsets[i]);
  }
  return result;
}

}  // namespace

SparseRows positive_mutual_information(const SparseRows& who, const SparseRows& contexts, std::int32_t at_least,
                                       ThreadPool& pool) {
  const SparseRows counts = co_occurrence(without_rare(who, at_least), contexts, pool);
  std::vector<double> row_sum(static_cast<std::size_t>(counts.rows()), 0.0);
  std::vector<double> column_sum(static_cast<std::size_t>(counts.n_columns), 0.0);
  for (std::int32_t row = 0; row < counts.rows(); ++row) {
    for (std::int64_t i = counts.offsets[row]; i < counts.offsets[row + 1]; ++i) {
      row_sum[row] += counts.values[i];
      column_sum[counts.columns[i]] += counts.values[i];
    }
  }
  double smoothed_total = 0;
  for (double& sum : column_sum) {
    sum = std::pow(sum, 0.75);  // otherwise rare contexts would count too much
    smoothed_total += sum;
  }
  SparseRows result;
  result.n_columns = counts.n_columns;
  for (std::int32_t row = 0; row < counts.rows(); ++row) {
    for (std::int64_t i = counts.offsets[row]; i < counts.offsets[row + 1]; ++i) {
      const std::int32_t column = counts.columns[i];
      const double information = std::log(counts.values[i] * smoothed_total / (row_sum[row] * column_sum[column]));
      if (information <= 0) continue;
      result.columns.push_back(column);
      result.values.push_back(static_cast<float>(information));
    }
    result.offsets.push_back(static_cast<std::int64_t>(result.columns.size()));
  }
  return result;
}

PersonEmbedding person_embedding(const MovieFeatures& features, std::int64_t dim, std::uint64_t seed,
                                 ThreadPool& pool) {
  const std::array<SparseRows, 6> parts{
      without_rare(features.cast, 2), without_rare(features.crew, 2), features.genres, features.years, features.votes,
      without_rare(features.words, 3)};
  const SparseRows contexts = side_by_side(parts);
  const SparseRows actors = positive_mutual_information(features.cast, contexts, 2, pool);
  const SparseRows makers = positive_mutual_information(features.crew, contexts, 2, pool);
  // Both in one matrix, so that they share their axes: first the rows of actors, then those of makers.
  SparseRows both = actors;
  const std::int64_t first = both.offsets.back();
  both.columns.insert(both.columns.end(), makers.columns.begin(), makers.columns.end());
  both.values.insert(both.values.end(), makers.values.begin(), makers.values.end());
  for (std::size_t i = 1; i < makers.offsets.size(); ++i) both.offsets.push_back(first + makers.offsets[i]);

  const TruncatedSvd svd = truncated_svd(both, static_cast<std::int32_t>(dim), seed, pool);
  std::vector<float> all(static_cast<std::size_t>(both.rows() * dim), 0.0f);
  for (std::int32_t row = 0; row < both.rows(); ++row) {
    for (std::int32_t j = 0; j < svd.rank; ++j) {
      all[static_cast<std::size_t>(row * dim + j)] =
          static_cast<float>(svd.u[static_cast<std::size_t>(row) * svd.rank + j] * std::sqrt(svd.singular[j]));
    }
  }
  scale_rows_to_unit(all, dim);
  PersonEmbedding result;
  result.dim = dim;
  const auto half = all.begin() + static_cast<std::ptrdiff_t>(actors.rows() * dim);
  result.actors.assign(all.begin(), half);
  result.makers.assign(half, all.end());
  return result;
}

}  // namespace matinee
