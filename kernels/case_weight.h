#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "kernels/case.h"
#include "kernels/quantize/quantized_matrix.h"
#include "kernels/reference.h"

namespace matinee {

/// The weight of a case in one of WeightView's formats, made from a float32 tensor and kept, like Bf16Copy. The rows of
/// a quantized weight have three magnitudes, so that using another row's scale is noticed. `skipped` rows of zeros
/// precede them, which the view leaves out.
class CaseWeight {
 public:
  CaseWeight(WeightFormat format, std::int64_t rows, std::int64_t width, std::int64_t skipped = 0)
      : format_(format), rows_(rows), width_(width), skipped_(skipped) {}

  /// Bytes that such a weight takes.
  static double bytes(WeightFormat format, std::int64_t rows, std::int64_t width) {
    const bool quantized = format == WeightFormat::kInt8 || format == WeightFormat::kNf4;
    return quantized ? static_cast<double>(QuantizedMatrix::bytes(format, rows, width))
                     : static_cast<double>(size_of(format)) * static_cast<double>(rows * width);
  }

  WeightView view(Context& context, const float* data) {
    if (format_ == WeightFormat::kF32) return weight_view(data);
    if (format_ == WeightFormat::kBF16) return narrow_.view(context, data, rows_ * width_);
    if (allocator_ != context.allocator()) {
      allocator_ = context.allocator();
      const std::vector<float> sized = sizes_of_rows(host_values(context, data, rows_ * width_).data());
      quantized_ = std::make_unique<QuantizedMatrix>(allocator_, format_, skipped_ + rows_, width_);
      quantized_->set_rows(context, 0, skipped_ + rows_, DeviceView<float>(allocator_, sized).data());
      quantized_->finish(context);
    }
    return rows_from(quantized_->view(), skipped_, width_);
  }

  /// The dequantized values, for the reference.
  WeightView reference_view(const double* data) {
    if (format_ != WeightFormat::kInt8 && format_ != WeightFormat::kNf4) return weight_view(data);
    values_.resize(static_cast<std::size_t>(rows_ * width_));
    dequantized_ref(format_, skipped_ + rows_, width_, sizes_of_rows(data).data(), skipped_ * width_, rows_ * width_,
                    values_.data());
    return weight_view(values_.data());
  }

 private:
  // Divides by powers of two, so it is exact.
  template <class T>
  std::vector<T> sizes_of_rows(const T* data) const {
    std::vector<T> rows(static_cast<std::size_t>(skipped_ * width_));
    for (std::int64_t o = 0; o < rows_; ++o) {
      for (std::int64_t i = 0; i < width_; ++i) rows.push_back(data[o * width_ + i] / static_cast<T>(1 << o % 3));
    }
    return rows;
  }

  WeightFormat format_;
  std::int64_t rows_, width_, skipped_;
  Bf16Copy narrow_;
  std::shared_ptr<DeviceAllocator> allocator_;  // of quantized_
  std::unique_ptr<QuantizedMatrix> quantized_;
  std::vector<double> values_;
};

}  // namespace matinee
