#pragma once

// The inner kernel of cosine_topk_cpu.cc that exists per instruction set. Plain pointers only, nothing inline: files
// compiled for wider sets include this.

#include <cstdint>

#include "kernels/cosine_topk/cosine_topk.h"

namespace matinee {

constexpr std::int64_t kScoreRows = 64;  ///< rows scored together, those of one word of the filter
constexpr std::int64_t kScorePad = 32;   ///< elements to which each set of a prepared query is padded with zeros

/// Inner products of prepared queries with rows.
struct ScoreBlock {
  std::int64_t n_queries = 0, n_rows = 0;  ///< n_rows <= kScoreRows
  int n_sets = 0;
  DType storage = DType::kF32;
  std::int64_t dim[CosineTopkArgs::kMaxSets];
  const void* rows[CosineTopkArgs::kMaxSets];         ///< the first row of the block in each set
  const float* row_scales[CosineTopkArgs::kMaxSets];  ///< of these rows, for kI8
  /// [n_queries, query_stride], set after set: float32, or the codes as int16 for kI8.
  const void* queries = nullptr;
  std::int64_t query_stride = 0;
  const float* query_scales = nullptr;  ///< [n_queries, n_sets] for kI8
  float* scores = nullptr;              ///< [n_queries, kScoreRows]
};

using ScoreBlockFn = void (*)(const ScoreBlock&);
void score_block_avx2(const ScoreBlock& block);
void score_block_avx512(const ScoreBlock& block);

}  // namespace matinee
