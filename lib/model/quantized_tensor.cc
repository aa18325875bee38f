#include "lib/model/quantized_tensor.h"

#include <algorithm>
#include <cmath>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

// So that every group but the last is of whole NF4 blocks, whatever the width.
constexpr std::int64_t kRows = kNf4Block;

}  // namespace

QuantizedTensor::QuantizedTensor(Context& context, DType format, std::int64_t rows, std::int64_t width)
    : context_(context),
      matrix_(context.memory(), format, rows, width),
      rows_(static_cast<std::size_t>(std::min(kRows, rows) * width)) {}

void QuantizedTensor::append(std::span<const float> values) {
  while (!values.empty()) {
    const auto some = values.first(std::min(values.size(), rows_.size() - waiting_));
    if (some.empty()) throw internal_error("QuantizedTensor: more numbers than the matrix has");
    std::copy(some.begin(), some.end(), rows_.begin() + static_cast<std::ptrdiff_t>(waiting_));
    waiting_ += some.size();
    values = values.subspan(some.size());
    if (waiting_ == rows_.size()) flush();
  }
}

void QuantizedTensor::flush() {
  const auto width = static_cast<std::size_t>(matrix_.width());
  for (std::size_t i = 0; i < waiting_; ++i) {
    if (!std::isfinite(rows_[i])) {
      throw bad_data("the weight of output {} and input {} is {}; a matrix with it cannot be quantised",
                     next_row_ + static_cast<std::int64_t>(i / width), i % width, rows_[i]);
    }
  }
  const auto n_rows = static_cast<std::int64_t>(waiting_ / width);
  matrix_.set_rows(context_, next_row_, n_rows, rows_on_device());
  next_row_ += n_rows;
  waiting_ = 0;
  rows_.resize(static_cast<std::size_t>(std::min(kRows, matrix_.rows() - next_row_)) * width);
}

// On the host the rows themselves.
const float* QuantizedTensor::rows_on_device() {
  if (context_.memory()->is_host()) return rows_.data();
  if (staged_.empty()) staged_ = {context_.memory(), rows_.size()};
  staged_.upload(std::span<const float>(rows_).first(waiting_));
  return staged_.data();
}

WeightView QuantizedTensor::finish() {
  if (next_row_ != matrix_.rows()) throw internal_error("QuantizedTensor: numbers are missing");
  matrix_.finish(context_);
  rows_ = {};
  staged_ = {};
  return matrix_.view();
}

}  // namespace matinee
