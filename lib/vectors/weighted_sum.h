#pragma once

// The inner loop of all products of sparse and dense matrices here. Plain pointers only, nothing inline: files compiled
// for wider instruction sets include this.

#include <cstdint>

namespace matinee {

/// to[j] += Σ_i values[i] · rows[columns[i]·width + j] for j < width. The sums of 256 entries each are added up, so
/// that float32 is enough for long rows. Every element has one order of fused operations, so all instruction sets give
/// the same bytes.
struct WeightedSum {
  const std::int32_t* columns;
  const float* values;
  std::int64_t count;
  const float* rows;  ///< [·, width]
  std::int64_t width;
  float* to;
};

/// Runs the version for this processor.
void add_weighted_sum(const WeightedSum& sum);

void add_weighted_sum_avx2(const WeightedSum& sum);
void add_weighted_sum_avx512(const WeightedSum& sum);

}  // namespace matinee
