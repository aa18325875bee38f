#pragma once

#include <utility>
#include <vector>

#include "lib/base/random.h"
#include "lib/vectors/sparse_rows.h"

namespace matinee::testing {

/// Normal entries at random places.
inline SparseRows random_sparse(std::int32_t rows, std::int32_t columns, double density, std::uint64_t seed) {
  SparseRows result;
  result.n_columns = columns;
  for (std::int32_t row = 0; row < rows; ++row) {
    Random random(seed, "matrix", static_cast<std::uint64_t>(row));
    std::vector<std::pair<std::int32_t, float>> entries;
    for (std::int32_t column = 0; column < columns; ++column) {
      if (random.chance(density)) entries.emplace_back(column, static_cast<float>(random.normal()));
    }
    result.add_row(entries);
  }
  return result;
}

/// Normal entries.
inline std::vector<float> random_dense(std::int64_t size, std::uint64_t seed) {
  Random random(seed, "dense");
  std::vector<float> result(static_cast<std::size_t>(size));
  for (float& value : result) value = static_cast<float>(random.normal());
  return result;
}

}  // namespace matinee::testing
