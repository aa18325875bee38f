#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "kernels/device_buffer.h"
#include "kernels/weight_view.h"
#include "lib/model/quantized_tensor.h"

namespace matinee {

/// Owns one frozen weight in the memory of a device, in the format that it was made for.
class WeightTensor {
 public:
  /// Allocates `elements` in kF32 or kBF16; the contents are undefined until `fill` has written them.
  WeightTensor(const std::shared_ptr<DeviceAllocator>& allocator, WeightFormat format, std::size_t elements);
  /// A matrix in kInt8 or kNf4, quantized while it is filled. `context` must outlive the filling.
  WeightTensor(Context& context, WeightFormat format, std::int64_t rows, std::int64_t width);

  WeightFormat format() const { return format_; }
  /// Writes elements from `first` on; those of a quantized matrix must come in order. `narrow` is scratch memory that
  /// the caller reuses.
  void fill(std::size_t first, std::span<const float> values, std::vector<bf16>& narrow);
  /// The same without a conversion on the host: T is the format's type, or bf16 and whole groups of rows
  /// (QuantizedTensor::kGroup) for a quantized matrix.
  void fill(std::size_t first, std::span<const bf16> values);
  void fill(std::size_t first, std::span<const float> values) { f32_.upload(values, first); }
  /// Once everything is filled; valid as long as this lives.
  WeightView finish();

 private:
  WeightFormat format_;
  DeviceBuffer<bf16> bf16_;  // exactly one of the three is used
  DeviceBuffer<float> f32_;
  std::unique_ptr<QuantizedTensor> quantized_;
};

}  // namespace matinee
