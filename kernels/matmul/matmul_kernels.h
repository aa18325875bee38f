#pragma once

// The inner kernels of matmul that exist per instruction set. Plain pointers only, nothing inline: files compiled for
// wider sets include this.

#include <cstdint>

namespace matinee {

/// The rows that one call of the following takes at most: as many as there are registers for their sums.
constexpr std::int64_t kGemvGroupAvx2 = 3, kGemvGroupAvx512 = 6;
/// Products of some rows with a matrix: y[r, o] (=, or += if accumulate) Σ_i x[r, i]·w[o, i].
struct GemvArgs {
  std::int64_t n_rows = 0, in = 0, n_out = 0;  ///< n_rows within the group
  const float* x = nullptr;                    ///< [n_rows, in]
  float* y = nullptr;                          ///< [n_rows, n_out], rows y_stride apart
  std::int64_t y_stride = 0;
  bool accumulate = false;
};
/// `w` [n_out, in] is float32, or bfloat16 if w_is_bf16.
using GemvFn = void (*)(const GemvArgs& args, const void* w, bool w_is_bf16);
void gemv_avx2(const GemvArgs& args, const void* w, bool w_is_bf16);
void gemv_avx512(const GemvArgs& args, const void* w, bool w_is_bf16);

/// w[o, i] = scales[o]·codes[o, i].
using GemvInt8Fn = void (*)(const GemvArgs& args, const std::int8_t* codes, const float* scales);
void gemv_int8_avx2(const GemvArgs& args, const std::int8_t* codes, const float* scales);
void gemv_int8_avx512(const GemvArgs& args, const std::int8_t* codes, const float* scales);

/// Rows of x rounded to 16 bits, in blocks of kInt16Block numbers (the last of a row may be shorter) that share a
/// scale: the largest magnitude over 32767. The error of a number is at most a 65,000th of its block's largest
/// magnitude; rounding to bfloat16 changes that largest number itself by up to a 512th.
constexpr std::int64_t kInt16Block = 512;
struct Int16Rows {
  const std::int16_t* values;  ///< [n_rows, in]
  const float* scales;         ///< [n_rows, ceil(in / kInt16Block)]; NaN for a block with infinities or NaN
};
using RoundInt16Fn = void (*)(std::int64_t n_rows, std::int64_t in, const float* x, std::int16_t* values,
                              float* scales);
void round_int16_avx2(std::int64_t n_rows, std::int64_t in, const float* x, std::int16_t* values, float* scales);
void round_int16_avx512(std::int64_t n_rows, std::int64_t in, const float* x, std::int16_t* values, float* scales);
/// The same as gemv_int8 with x in 16 bits; args.x is not used.
using GemvInt8Int16Fn = void (*)(const GemvArgs& args, const Int16Rows& x, const std::int8_t* codes,
                                 const float* scales);
void gemv_int8_int16_avx2(const GemvArgs& args, const Int16Rows& x, const std::int8_t* codes, const float* scales);
void gemv_int8_int16_avx512(const GemvArgs& args, const Int16Rows& x, const std::int8_t* codes, const float* scales);

/// Rows of NF4 codes, each of whole blocks, with their scales and tables.
struct Nf4Rows {
  const std::uint8_t* codes;         ///< two per byte, from the first row on
  const std::uint8_t* absmax_codes;  ///< of the whole matrix
  const float* absmax_scales;        ///< of the whole matrix
  float absmax_offset;
  std::int64_t first_block;  ///< of the first row
  const float* values;       ///< [16], value of each code
  const float* dynamic;      ///< [256], value of each absmax code
};
/// `in` is a multiple of 64. In each group of 32 numbers of x those at even indices come first.
using GemvNf4Fn = void (*)(const GemvArgs& args, const Nf4Rows& rows);
void gemv_nf4_avx2(const GemvArgs& args, const Nf4Rows& rows);
void gemv_nf4_avx512(const GemvArgs& args, const Nf4Rows& rows);

/// n int8 codes as bfloat16, exact.
void widen_int8_avx512bf16(const std::int8_t* codes, std::int64_t n, std::uint16_t* to);
/// Elements [first, first + n) of an NF4 matrix (rows.codes is its beginning), rounded to bfloat16.
void widen_nf4_avx512bf16(const Nf4Rows& rows, std::int64_t first, std::int64_t n, std::uint16_t* to);

// Products of bfloat16 pairs. The right factor is packed in panels of kPanel columns: dword [k/2][column] of a panel
// holds elements k and k+1 of that column, zero past the end of the matrix. The left factor is dwords of the same kind.

constexpr std::int64_t kPanel = 64;
/// Rows of the left factor that are multiplied at once.
constexpr std::int64_t kTileRows = 6;

/// What is packed into a panel of the right factor, or into the pairs of a left factor that is stored transposed.
struct PackArgs {
  const void* source = nullptr;  ///< float32, or bfloat16 if is_bf16
  bool is_bf16 = false;
  std::int64_t stride = 0;     ///< elements from one row of `source` to the next
  std::int64_t n_columns = 0;  ///< columns of the factor; those past them are set to zero
  std::int64_t k = 0;
  std::uint32_t* panel = nullptr;  ///< [ceil(k/2), panel_width] dwords
  std::int64_t panel_width = kPanel;
};
/// source [n_columns, k]: its rows become columns (Wᵀ for x·Wᵀ). n_columns <= kPanel = panel_width.
void pack_panel_transposed_avx512bf16(const PackArgs& args);
/// source [k, n_columns].
void pack_interleaved_avx512bf16(const PackArgs& args);
/// Rounds [n_rows, k] float32, rows `stride` apart, to rows of `rows_stride` dwords, zero beyond the first k halves.
void round_rows_avx512bf16(const float* source, std::int64_t stride, std::int64_t n_rows, std::int64_t k,
                           std::uint32_t* rows, std::int64_t rows_stride);

/// c [m, n] (=, or += if accumulate) left·right over n_pairs pairs of k, with float32 sums.
struct PairsProduct {
  std::int64_t m = 0, n = 0, n_pairs = 0;
  /// Pair p of row r is left[r / kTileRows·tile_stride + r % kTileRows·row_stride + p·pair_stride].
  const std::uint32_t* left = nullptr;
  std::int64_t tile_stride = 0, row_stride = 0, pair_stride = 1;
  const std::uint32_t* right = nullptr;  ///< the first panel
  std::int64_t right_stride = 0;         ///< dwords from one panel to the next
  const float* column_scales = nullptr;  ///< [n], each column is multiplied by its scale; or none
  float* c = nullptr;
  std::int64_t c_stride = 0;
  bool accumulate = false;
};
void multiply_pairs_avx512bf16(const PairsProduct& product);

}  // namespace matinee
