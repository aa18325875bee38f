#include "lib/model/quantized_tensor.h"

#include <algorithm>

#include "lib/base/format_error.h"

namespace matinee {

QuantizedTensor::QuantizedTensor(Context& context, WeightFormat format, std::int64_t rows, std::int64_t width)
    : context_(context),
      matrix_(context.allocator(), format, rows, width),
      rows_(static_cast<std::size_t>(std::min(kGroup, rows) * width)) {}

void QuantizedTensor::append(std::span<const float> values) {
  while (!values.empty()) {
    const auto some = values.first(std::min(values.size(), rows_.size() - waiting_));
    if (some.empty()) throw internal_error("QuantizedTensor: more elements than the matrix has");
    std::copy(some.begin(), some.end(), rows_.begin() + static_cast<std::ptrdiff_t>(waiting_));
    waiting_ += some.size();
    values = values.subspan(some.size());
    if (waiting_ == rows_.size()) flush();
  }
}

void QuantizedTensor::flush() {
  const auto waiting = std::span<const float>(rows_).first(waiting_);
  const float* rows = rows_.data();
  if (!context_.allocator()->is_host()) {
    if (staged_.empty()) staged_ = {context_.allocator(), rows_.size()};
    staged_.upload(waiting);
    rows = staged_.data();
  }
  quantize(static_cast<std::int64_t>(waiting_) / matrix_.width(), rows);
  waiting_ = 0;
  rows_.resize(static_cast<std::size_t>(std::min(kGroup, matrix_.rows() - next_row_) * matrix_.width()));
}

void QuantizedTensor::append_rows(std::span<const bf16> values) {
  const std::int64_t width = matrix_.width();
  const bool on_host = context_.allocator()->is_host();
  if (!on_host && staged_.empty()) {
    staged_ = {context_.allocator(), rows_.size()};
    staged_bf16_ = {context_.allocator(), rows_.size()};
  }
  while (!values.empty()) {
    const std::int64_t n_rows = std::min(kGroup, matrix_.rows() - next_row_);
    const auto n = static_cast<std::size_t>(n_rows * width);
    if (n == 0 || n > values.size() || waiting_ > 0) {
      throw internal_error("QuantizedTensor: expected {} rows of {} elements, found {} elements", n_rows, width,
                           values.size());
    }
    const auto some = values.first(n);
    if (on_host) {
      std::transform(some.begin(), some.end(), rows_.begin(), to_float);
    } else {
      staged_bf16_.upload(some);
      dequantize(context_, {.n = n_rows * width,
                            .width = width,
                            .weight = {staged_bf16_.data(), WeightFormat::kBF16},
                            .y = staged_.data()});
    }
    quantize(n_rows, on_host ? rows_.data() : staged_.data());
    values = values.subspan(n);
  }
}

void QuantizedTensor::quantize(std::int64_t n_rows, const float* rows) {
  matrix_.set_rows(context_, next_row_, n_rows, rows);
  next_row_ += n_rows;
}

WeightView QuantizedTensor::finish() {
  if (next_row_ != matrix_.rows()) throw internal_error("QuantizedTensor: elements are missing");
  matrix_.finish(context_);
  rows_ = std::vector<float>();  // {} would keep the capacity
  staged_ = {};
  staged_bf16_ = {};
  return matrix_.view();
}

}  // namespace matinee
