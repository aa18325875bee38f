#include "lib/model/weight_tensor.h"

#include <algorithm>

namespace matinee {

WeightTensor::WeightTensor(const std::shared_ptr<DeviceAllocator>& allocator, WeightFormat format, std::size_t elements)
    : format_(format) {
  if (format == WeightFormat::kBF16) {
    bf16_ = DeviceBuffer<bf16>::unset(allocator, elements);
  } else {
    f32_ = DeviceBuffer<float>::unset(allocator, elements);
  }
}

WeightTensor::WeightTensor(Context& context, WeightFormat format, std::int64_t rows, std::int64_t width)
    : format_(format), quantized_(std::make_unique<QuantizedTensor>(context, format, rows, width)) {}

void WeightTensor::fill(std::size_t first, std::span<const float> values, std::vector<bf16>& narrow) {
  if (quantized_ != nullptr) {
    quantized_->append(values);
  } else if (format_ == WeightFormat::kBF16) {
    narrow.resize(values.size());
    std::transform(values.begin(), values.end(), narrow.begin(), to_bf16);
    bf16_.upload(narrow, first);
  } else {
    f32_.upload(values, first);
  }
}

void WeightTensor::fill(std::size_t first, std::span<const bf16> values) {
  quantized_ != nullptr ? quantized_->append_rows(values) : bf16_.upload(values, first);
}

WeightView WeightTensor::finish() {
  if (quantized_ != nullptr) return quantized_->finish();
  if (format_ == WeightFormat::kBF16) return {bf16_.data(), format_};
  return {f32_.data(), format_};
}

}  // namespace matinee
