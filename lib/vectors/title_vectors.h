#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/vectors/movie_features.h"
#include "lib/vectors/sparse_rows.h"

namespace matinee {

/// The title vectors [movies, dim], of unit length or zero: genres by rarity, votes, year, rating and running time,
/// each with its weight as its length and centered, and words of the title by rarity, projected at random. Where dim
/// has room, each feature except the words has a dimension of its own. Otherwise these features keep their principal
/// axes.
std::vector<float> title_vectors(const MovieFeatures& features, std::int64_t dim, std::uint64_t seed, ThreadPool& pool);

/// A random projection to `width` dimensions, with normal entries of variance 1 / width. The row of a feature depends
/// only on seed, purpose and the feature's number.
class RandomProjection {
 public:
  /// Of the columns of `rows`, which must outlive this; those without entries take no memory.
  RandomProjection(const SparseRows& rows, std::int64_t width, std::string_view purpose, std::uint64_t seed,
                   ThreadPool& pool);
  /// Adds weight · (row of the matrix) · projection to to[0 .. width).
  void add(std::int32_t row, float weight, float* to) const;

 private:
  const SparseRows& rows_;
  std::int64_t width_;
  std::vector<std::int32_t> axis_of_;  // by column, -1: no entries
  std::vector<float> axes_;            // [·, width]
};

}  // namespace matinee
