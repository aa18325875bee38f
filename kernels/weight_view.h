#pragma once

// A matrix of weights as operations read it: WeightView and its formats.

#include <cstddef>
#include <cstdint>

namespace matinee {

/// How a matrix of weights is held in memory.
enum class WeightFormat : std::uint8_t {
  kF32,
  kBF16,
  kInt8,  ///< one code and, per row, one scale; kernels/quantize/quantize.h defines both quantized formats
  kNf4    ///< 4-bit codes, two per byte
};

/// "float32", "bfloat16", "int8" or "NF4".
const char* name_of(WeightFormat format);
/// Bytes per element. Not for kNf4, which stores two elements per byte.
std::size_t size_of(WeightFormat format);

/// The scales of NF4 codes: the largest magnitude of each block of kNf4Block weights, itself quantized to 8 bits
/// (kernels/quantize/quantize.h).
struct Nf4Scales {
  const std::uint8_t* absmax_codes = nullptr;  ///< [blocks of the matrix]
  const float* absmax_scales = nullptr;        ///< [blocks of those blocks]
  float absmax_offset = 0;
};

/// A matrix of weights, row-major without gaps. Does not own its memory. In a reference `data` is float64 and `format`
/// is ignored. Quantized weights can be neither trained nor used as an embedding table.
struct WeightView {
  const void* data = nullptr;
  WeightFormat format = WeightFormat::kF32;
  const float* row_scales = nullptr;  ///< [rows], kInt8 only
  const Nf4Scales* nf4 = nullptr;     ///< kNf4 only
  std::int64_t first = 0;             ///< kNf4 only: index of the view's first element in the quantized matrix

  bool is_quantized() const { return format == WeightFormat::kInt8 || format == WeightFormat::kNf4; }
};

/// Throws Error(kInternal), naming the operation, if the data or the scales of the format are missing.
void require_weight(const char* operation, const WeightView& weight);
/// The rows from `row` on of a matrix with rows of `width` elements.
WeightView rows_from(const WeightView& weight, std::int64_t row, std::int64_t width);

}  // namespace matinee
