#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/quantize/quantized_matrix.h"

namespace matinee {

/// A matrix that is quantized while it is read. Accepts its elements in order: float32 in pieces of any size, or
/// bfloat16 in whole groups of rows. Buffers at most kGroup rows.
class QuantizedTensor {
 public:
  /// Rows quantized together: a group consists of whole NF4 blocks at any width.
  static constexpr std::int64_t kGroup = kNf4Block;

  /// `format` is kInt8 or kNf4. `context` must outlive the appending.
  QuantizedTensor(Context& context, WeightFormat format, std::int64_t rows, std::int64_t width);

  /// Appends the next elements, row by row. They must be finite.
  void append(std::span<const float> values);
  /// Appends a multiple of kGroup rows, or all that are left. For a GPU they are uploaded in bfloat16 and widened
  /// there.
  void append_rows(std::span<const bf16> values);
  /// The view of the matrix once all elements have been appended; valid as long as this lives.
  WeightView finish();

 private:
  void flush();
  void quantize(std::int64_t n_rows, const float* rows);

  Context& context_;
  QuantizedMatrix matrix_;
  std::vector<float> rows_;         // waiting to be quantized
  DeviceBuffer<float> staged_;      // the same on a device
  DeviceBuffer<bf16> staged_bf16_;  // bfloat16 rows on a device
  std::size_t waiting_ = 0;         // elements of rows_ in use
  std::int64_t next_row_ = 0;
};

}  // namespace matinee
