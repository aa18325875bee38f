#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/quantize/quantized_matrix.h"

namespace matinee {

/// A matrix quantised while it is read: takes its numbers in order and in pieces of any size, and never holds more than
/// some rows of them.
class QuantizedTensor {
 public:
  /// `format` I8 or U8 (NF4). `context` must outlive this.
  QuantizedTensor(Context& context, DType format, std::int64_t rows, std::int64_t width);

  /// The next numbers, row by row. Throws Error(kBadData) where one is not finite, naming its row and column as an
  /// output and an input.
  void append(std::span<const float> values);
  /// The view of the whole matrix, once every number is there; valid as long as this lives.
  WeightView finish();

 private:
  void flush();
  const float* rows_on_device();

  Context& context_;
  QuantizedMatrix matrix_;
  std::vector<float> rows_;     // what waits to be quantised
  DeviceBuffer<float> staged_;  // the same for a device that cannot read it
  std::size_t waiting_ = 0;     // numbers of it
  std::int64_t next_row_ = 0;
};

}  // namespace matinee
