#pragma once

#include <cstdint>
#include <memory>

#include "kernels/device_buffer.h"
#include "kernels/quantize/quantize.h"

namespace matinee {

/// A quantized matrix that owns the memory of its view.
class QuantizedMatrix {
 public:
  /// Room in `memory` for [rows, width] in `format`, kInt8 or kNf4; nothing is in it yet.
  QuantizedMatrix(std::shared_ptr<DeviceAllocator> allocator, WeightFormat format, std::int64_t rows,
                  std::int64_t width);

  /// Quantizes rows [first, first + n_rows) from x [n_rows, width], both in the context's memory. NF4 takes pieces in
  /// order, each but the last of a multiple of kNf4Block elements, and is complete after finish().
  void set_rows(Context& context, std::int64_t first, std::int64_t n_rows, const float* x);
  void finish(Context& context);

  /// Valid as long as this lives and is not moved.
  WeightView view() const;
  std::int64_t rows() const { return rows_; }
  std::int64_t width() const { return width_; }
  /// Bytes that a matrix of this format takes.
  static std::uint64_t bytes(WeightFormat format, std::int64_t rows, std::int64_t width);

 private:
  std::shared_ptr<DeviceAllocator> allocator_;
  WeightFormat format_;
  std::int64_t rows_, width_;
  DeviceBuffer<std::uint8_t> codes_;
  DeviceBuffer<float> row_scales_;
  DeviceBuffer<float> absmax_;  // until finish
  DeviceBuffer<std::uint8_t> absmax_codes_;
  DeviceBuffer<float> absmax_scales_;
  Nf4Scales nf4_;
};

}  // namespace matinee
