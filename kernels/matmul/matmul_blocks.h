#pragma once

// Products that one thread computes alone, for operations that divide their work among threads themselves.

#include <cstdint>

#include "kernels/context.h"
#include "kernels/matmul/matmul.h"

namespace matinee {

/// c [m, n] = left [m, k]·right [k, n] + (accumulate ? c : 0), all row-major with rows a stride apart.
struct SgemmArgs {
  std::int64_t m = 0, n = 0, k = 0;
  const float* left = nullptr;
  std::int64_t left_stride = 0;
  bool left_transposed = false;  ///< left is stored as [k, m]
  const float* right = nullptr;
  std::int64_t right_stride = 0;
  bool right_transposed = false;  ///< right is stored as [n, k]
  float* c = nullptr;
  std::int64_t c_stride = 0;
  bool accumulate = false;
};
/// oneDNN's product, computed by the calling thread alone.
void sgemm(const SgemmArgs& args);
/// Copies n elements, float32 or bfloat16, as float32; with `round`, rounded to bfloat16 values.
void widen(const void* source, bool is_bf16, bool round, std::int64_t n, float* to);

/// The format of a product's factors on this processor.
enum class Factors : std::uint8_t {
  kF32,
  kRounded,  ///< float32 rounded to bfloat16 values
  kPairs     ///< bfloat16 pairs (matmul_kernels.h)
};
Factors factors_of(const Context& context, MatmulPrecision precision);

/// Rows of a left factor or up to kPanel columns of a right one: a view of the original or of a copy.
struct Operand {
  const float* values = nullptr;
  const std::uint32_t* pairs = nullptr;
  std::int64_t stride = 0;  ///< of `values` or `pairs` from one row to the next
};
/// x [n_rows, k], rows x_stride apart, as left factor; a copy is taken from `scratch`.
Operand left_rows(Scratch& scratch, Factors factors, std::int64_t n_rows, std::int64_t k, const float* x,
                  std::int64_t x_stride);
/// The same from rows rounded by round_bf16(), from row `row` on; for kPairs.
Operand left_rows(const bf16* rounded, std::int64_t k, std::int64_t row);
/// x [k, width], width at most kPanel, as right factor.
Operand right_columns(Scratch& scratch, Factors factors, std::int64_t k, std::int64_t width, const float* x,
                      std::int64_t x_stride);

/// A right factor [k, n], prepared once for products with many blocks of rows.
class RightFactor {
 public:
  /// `source` is float32 [k, n], or [n, k] if transposed. Copies are taken from context.scratch().
  RightFactor(Context& context, Factors factors, std::int64_t k, std::int64_t n, const float* source, bool transposed);
  /// c [m, width] = or += left [m, k]·columns [column, column + width); `column` is a multiple of kPanel.
  void multiply(std::int64_t m, const Operand& left, std::int64_t column, std::int64_t width, float* c,
                std::int64_t c_stride, bool accumulate) const;

 private:
  std::int64_t k_, n_;
  bool transposed_;
  const float* values_ = nullptr;
  const std::uint32_t* panels_ = nullptr;
};

/// A left factor [m, k] that is stored as its transpose [k, m].
class LeftFactor {
 public:
  /// Copies are taken from context.scratch().
  LeftFactor(Context& context, Factors factors, std::int64_t k, std::int64_t m, const float* source);
  /// c [m, width] += columns [first, ...) of this, `first` even, · right [n, width].
  void multiply(std::int64_t first, std::int64_t n, const Operand& right, std::int64_t width, float* c,
                std::int64_t c_stride) const;

 private:
  std::int64_t m_, stride_;
  const float* values_ = nullptr;
  const std::uint32_t* pairs_ = nullptr;
};

}  // namespace matinee
