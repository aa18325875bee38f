#pragma once

// The inner parts of matmul_cpu.cc that exist per instruction set. Plain pointers only, nothing inline: files compiled
// for wider sets include this.

#include <cstdint>

namespace matinee {

/// y[r, o] (=, or += if accumulate) Σ_i x[r, i]·w[o, i] for o in [0, n_out) and r in [0, n_rows), n_rows <= 4.
/// `w` is float32, or bfloat16 if w_is_bf16. x [n_rows, in]; rows of y are y_stride apart.
using GemvFn = void (*)(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const float* x, const void* w,
                        bool w_is_bf16, float* y, std::int64_t y_stride, bool accumulate);
void gemv_avx2(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const float* x, const void* w, bool w_is_bf16,
               float* y, std::int64_t y_stride, bool accumulate);
void gemv_avx512(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const float* x, const void* w,
                 bool w_is_bf16, float* y, std::int64_t y_stride, bool accumulate);

/// The same of int8 codes by row: y[r, o] (=, or +=) scales[o]·Σ_i x[r, i]·codes[o, i].
using GemvInt8Fn = void (*)(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const float* x,
                            const std::int8_t* codes, const float* scales, float* y, std::int64_t y_stride,
                            bool accumulate);
void gemv_int8_avx2(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const float* x, const std::int8_t* codes,
                    const float* scales, float* y, std::int64_t y_stride, bool accumulate);
void gemv_int8_avx512(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const float* x,
                      const std::int8_t* codes, const float* scales, float* y, std::int64_t y_stride, bool accumulate);

/// Rows of x rounded to 16 bits, in blocks of kInt16Block numbers (the last of a row may be shorter) that share a
/// scale: the largest magnitude over 32767. No number moves by more than a 65,000th of its block's largest, where
/// bfloat16 moves the largest itself by up to a 512th.
constexpr std::int64_t kInt16Block = 512;
struct Int16Rows {
  const std::int16_t* values;  ///< [n_rows, in]
  const float* scales;         ///< [n_rows, ceil(in / kInt16Block)]; NaN where a block holds what is not finite
};
using RoundInt16Fn = void (*)(std::int64_t n_rows, std::int64_t in, const float* x, std::int16_t* values,
                              float* scales);
void round_int16_avx2(std::int64_t n_rows, std::int64_t in, const float* x, std::int16_t* values, float* scales);
void round_int16_avx512(std::int64_t n_rows, std::int64_t in, const float* x, std::int16_t* values, float* scales);
/// ... and of int8 codes with such rows.
using GemvInt8Int16Fn = void (*)(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const Int16Rows& x,
                                 const std::int8_t* codes, const float* scales, float* y, std::int64_t y_stride,
                                 bool accumulate);
void gemv_int8_int16_avx2(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const Int16Rows& x,
                          const std::int8_t* codes, const float* scales, float* y, std::int64_t y_stride,
                          bool accumulate);
void gemv_int8_int16_avx512(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const Int16Rows& x,
                            const std::int8_t* codes, const float* scales, float* y, std::int64_t y_stride,
                            bool accumulate);

/// Rows of NF4 codes, each of whole blocks, and the numbers that codes stand for.
struct Nf4Rows {
  const std::uint8_t* codes;         ///< two a byte, from the first row on
  const std::uint8_t* absmax_codes;  ///< of the whole matrix
  const float* absmax_scales;        ///< of the whole matrix
  float absmax_offset;
  std::int64_t first_block;  ///< of the first row
  const float* values;       ///< 16 numbers of a code
  const float* dynamic;      ///< 256 numbers of an absmax code
};
/// ... and of NF4 codes; in is a multiple of 64. x holds every 32 numbers of a row with those at even places first.
using GemvNf4Fn = void (*)(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const float* x,
                           const Nf4Rows& rows, float* y, std::int64_t y_stride, bool accumulate);
void gemv_nf4_avx2(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const float* x, const Nf4Rows& rows,
                   float* y, std::int64_t y_stride, bool accumulate);
void gemv_nf4_avx512(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const float* x, const Nf4Rows& rows,
                     float* y, std::int64_t y_stride, bool accumulate);

/// n int8 codes as bfloat16, exact.
void widen_int8_avx512bf16(const std::int8_t* codes, std::int64_t n, std::uint16_t* to);
/// Elements [first, first + n) of an NF4 matrix (rows.codes is its beginning), rounded to bfloat16.
void widen_nf4_avx512bf16(const Nf4Rows& rows, std::int64_t first, std::int64_t n, std::uint16_t* to);

/// Products of bfloat16 pairs. The right factor is packed in panels of kPanel columns: dword [k/2][column] of a panel
/// holds elements k and k+1 of that column, zero where the matrix has ended. The left factor is dwords of the same kind
/// at left[row / kTileRows·tile_stride + row % kTileRows·row_stride + (k/2)·pair_stride].
constexpr std::int64_t kPanel = 64;
/// Rows of the left factor that are multiplied at once.
constexpr std::int64_t kTileRows = 6;

/// Packs one panel from a matrix whose rows are the columns of the right factor (Wᵀ for x·Wᵀ): source [n_columns, k],
/// rows `stride` elements apart, float32 or bfloat16; n_columns <= kPanel.
void pack_panel_transposed_avx512bf16(const void* source, bool is_bf16, std::int64_t stride, std::int64_t n_columns,
                                      std::int64_t k, std::uint32_t* panel);
/// Packs `width` columns (at most 64) of source [k, ...] row-major (rows `stride` elements apart) into dwords
/// [ceil(k/2)][panel_width], columns past `width` zero.
void pack_interleaved_avx512bf16(const void* source, bool is_bf16, std::int64_t stride, std::int64_t width,
                                 std::int64_t k, std::int64_t panel_width, std::uint32_t* panel);
/// Rounds [n_rows, k] float32, rows `stride` apart, to rows of `rows_stride` dwords, zero beyond the first k halves.
void round_rows_avx512bf16(const float* source, std::int64_t stride, std::int64_t n_rows, std::int64_t k,
                           std::uint32_t* rows, std::int64_t rows_stride);
/// c[m, n] (=, or += if accumulate) left·right, over n_pairs pairs of k, sums in float32, each column times its number
/// in column_scales where these are given. `right` is the first of the panels, which are right_stride dwords apart.
void multiply_pairs_avx512bf16(std::int64_t m, std::int64_t n, std::int64_t n_pairs, const std::uint32_t* left,
                               std::int64_t tile_stride, std::int64_t row_stride, std::int64_t pair_stride,
                               const std::uint32_t* right, std::int64_t right_stride, const float* column_scales,
                               float* c, std::int64_t c_stride, bool accumulate);

}  // namespace matinee
