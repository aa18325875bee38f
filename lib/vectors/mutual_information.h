#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/vectors/sparse_rows.h"

namespace matinee {

/// The positive pointwise mutual information of people and contexts over the movies: with the counts
/// n(p, c) = Σ_movies who(movie, p) · contexts(movie, c), and the power 0.75 as m(c) = n(c)^0.75, m = Σ_c m(c),
/// max(0, ln(n(p, c) · m / (n(p) · m(c)))). Rows are made when they are asked for, because together they may be larger
/// than the memory.
class MutualInformation {
 public:
  /// `contexts` must outlive this. People of fewer than `at_least` movies have no row.
  MutualInformation(const SparseRows& who, const SparseRows& contexts, std::int32_t at_least, ThreadPool& pool);

  std::int32_t rows() const { return movies_.rows(); }
  std::span<const std::int32_t> people() const { return people_; }  ///< by row, ascending
  std::int64_t movies_of(std::int32_t row) const { return movies_.offsets[row + 1] - movies_.offsets[row]; }

  /// A row, and what making it needs; one per thread.
  struct Row {
    std::vector<std::int32_t> columns;  ///< in the order in which they were met
    std::vector<float> values;
    std::vector<float> counts;  ///< by context; zeros between calls
  };
  void make(std::int32_t row, Row& to) const;

 private:
  const SparseRows& contexts_;
  std::vector<std::int32_t> people_;
  SparseRows movies_;               // [rows, movies]
  std::vector<float> row_term_;     // ln(m / n(p))
  std::vector<float> column_term_;  // ln m(c)
};

}  // namespace matinee
