#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/quantize/quantized_matrix.h"

namespace matinee {

/// A matrix quantized while it is read: takes its numbers in order, in float32 and pieces of any size or in bfloat16
/// and whole groups of rows, and never holds more than some rows of them.
class QuantizedTensor {
 public:
  /// Rows that are quantized together: groups but the last are of whole NF4 blocks, whatever the width.
  static constexpr std::int64_t kGroup = kNf4Block;

  /// `format` is kInt8 or kNf4. `context` must outlive this.
  QuantizedTensor(Context& context, WeightFormat format, std::int64_t rows, std::int64_t width);

  /// The next numbers, row by row. Throws Error(kBadData) where one is not finite, naming its row and column as an
  /// output and an input.
  void append(std::span<const float> values);
  /// The same of a multiple of kGroup rows, or all that are left: brought to the device as they are, where that is a
  /// GPU, and widened there.
  void append_rows(std::span<const bf16> values);
  /// The view of the whole matrix, once every number is there; valid as long as this lives.
  WeightView finish();

 private:
  void flush();
  void quantize(std::int64_t n_rows, const float* rows);
  template <class T>
  void require_finite(std::span<const T> rows) const;

  Context& context_;
  QuantizedMatrix matrix_;
  std::vector<float> rows_;         // what waits to be quantized
  DeviceBuffer<float> staged_;      // the same for a device that cannot read it
  DeviceBuffer<bf16> staged_bf16_;  // rows in bfloat16, likewise
  std::size_t waiting_ = 0;         // numbers of it
  std::int64_t next_row_ = 0;
};

}  // namespace matinee
