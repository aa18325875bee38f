#pragma once

// The inner kernels of the CPU version that exist per instruction set. Plain pointers only, nothing inline: files
// compiled for wider sets include this.

#include <cstdint>

#include "kernels/cosine_topk/cosine_topk.h"

namespace matinee {

constexpr std::int64_t kScoreRows = 64;  ///< rows scored together, those of one word of the filter
constexpr std::int64_t kScorePad = 32;   ///< elements to which each set of a prepared query is padded with zeros

/// Scores of prepared queries and rows, as the contract defines them. A score does not depend on the others of a block.
struct ScoreBlock {
  std::int64_t n_queries = 0, n_rows = 0;  ///< n_rows <= kScoreRows
  int n_sets = 0;
  DType storage = DType::kF32;
  std::int64_t dim[CosineTopkArgs::kMaxSets];
  const void* rows[CosineTopkArgs::kMaxSets];         ///< of all rows
  const float* row_scales[CosineTopkArgs::kMaxSets];  ///< of all rows, for kI8
  std::int64_t first_row = 0;                         ///< of the block's
  /// [n_queries, query_stride], set after set: float32, or the codes as int16 for kI8.
  const void* queries = nullptr;
  std::int64_t query_stride = 0;
  const float* query_scales = nullptr;  ///< [n_queries, n_sets] for kI8
  float* scores = nullptr;              ///< [n_queries, kScoreRows]
};

/// A query of a block and any row.
struct ScorePair {
  std::int32_t query, row;
};

struct ScoreKernel {
  void (*block)(const ScoreBlock& block);
  /// The scores of n pairs, with the same bits. Of the block, neither its rows nor its scores are used.
  void (*pairs)(const ScoreBlock& block, const ScorePair* pairs, std::int64_t n, float* scores);
};
extern const ScoreKernel kScoreAvx2;
extern const ScoreKernel kScoreAvx512;

// Screening. A batch of queries first meets the rows as int8 codes: integer products are several times as fast as those
// of float32. Only pairs whose score may reach the query's threshold are scored as the contract says. With
// row = row_scale·codes + e and query = query_scale·codes + f, by the Cauchy-Schwarz inequality,
//   |query·row − query_scale·row_scale·Σ codes·codes| <= |f|·|row| + |query_scale·codes|·|e|.
// The norms of rows and errors are computed with the codes, so the bound holds for any vectors.

constexpr int kScreenQueries = 64;  ///< queries of a block
constexpr int kScreenPad = 64;      ///< elements to which the codes of a vector are padded with zeros
constexpr int kScreenRowStep = 24;  ///< to whose multiple the rows of a tile are padded
constexpr int kScreenRows = 192;    ///< most rows of a tile

/// Rows as codes. Their float32 values are those of all sets, one after the other.
struct ScreenRows {
  int n_rows = 0;
  std::int64_t stride = 0;        ///< bytes of a row's codes, a multiple of kScreenPad
  std::uint8_t* codes = nullptr;  ///< [n_rows padded, stride], plus an offset that makes them unsigned
  /// Per row 1/scale, |row|/scale and |e|/scale; all NaN where a row is not finite or too long to bound its scores.
  float *inverse_scale = nullptr, *norm = nullptr, *error = nullptr;
};

/// A batch of queries as codes, padded with zeros to blocks of kScreenQueries.
struct ScreenBatch {
  /// Per block and group of `lanes` queries: [stride / 4, lanes, 4].
  std::int8_t* codes = nullptr;
  std::int32_t* offset = nullptr;  ///< what the offset of the rows' codes adds to a product, negative
  /// In units of the query's scale: the score to reach, |f| with the rounding of float32 sums, and the norm of codes.
  float *threshold = nullptr, *error = nullptr, *norm = nullptr;
};

/// A pair whose score may reach the threshold.
struct ScreenHit {
  std::int16_t query;  ///< of the block
  std::int16_t row;    ///< of the tile
  std::int32_t dot;    ///< of the codes
};

/// One implementation of the screening.
struct ScreenKernel {
  int lanes;      ///< queries of a vector
  int most_code;  ///< codes are from -most_code to most_code
  int offset;     ///< of the codes of rows
  /// Sets codes, inverse_scale, norm and error of rows.n_rows rows of `values`, [n_rows, stride] float32.
  void (*encode)(const float* values, const ScreenRows& rows);
  /// The same of rows that are int8 codes already, [n_rows, dim] with their scales, or null: not exact here.
  void (*take_codes)(const std::int8_t* const* rows, std::int64_t dim, const float* scales, const ScreenRows& to);
  /// Writes the products of all codes of `vectors` groups of queries of a block with the rows, [n_rows padded,
  /// kScreenQueries].
  void (*multiply)(const ScreenRows& rows, const ScreenBatch& batch, std::int64_t block, int vectors,
                   std::int32_t* dots);
  /// Finds the hits among the same pairs; returns their number. `hits` has room for all pairs.
  std::int64_t (*scan)(const ScreenRows& rows, const ScreenBatch& batch, std::int64_t block, int vectors,
                       ScreenHit* hits);
};
extern const ScreenKernel kScreenAvx2;
extern const ScreenKernel kScreenAvx512Vnni;

}  // namespace matinee
