#include "kernels/quantize/quantized_matrix.h"

#include <utility>

#include "kernels/check.h"

namespace matinee {
namespace {

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

QuantizedMatrix::QuantizedMatrix(std::shared_ptr<DeviceAllocator> allocator, WeightFormat format, std::int64_t rows,
                                 std::int64_t width)
    : allocator_(std::move(allocator)), format_(format), rows_(rows), width_(width) {
  require(format == WeightFormat::kInt8 || format == WeightFormat::kNf4, "QuantizedMatrix",
          "the format is int8 or NF4");
  const std::int64_t n = rows * width;
  if (format == WeightFormat::kInt8) {
    codes_ = {allocator_, size(n)};
    row_scales_ = {allocator_, size(rows)};
  } else {
    codes_ = {allocator_, size((n + 1) / 2)};
    absmax_ = {allocator_, size(nf4_blocks(n))};
  }
}

void QuantizedMatrix::set_rows(Context& context, std::int64_t first, std::int64_t n_rows, const float* x) {
  require(first >= 0 && n_rows >= 0 && first + n_rows <= rows_, "QuantizedMatrix", "the rows are in range");
  if (format_ == WeightFormat::kInt8) {
    quantize_int8(context, {.n_rows = n_rows,
                            .width = width_,
                            .x = x,
                            .codes = reinterpret_cast<std::int8_t*>(codes_.data()) + first * width_,
                            .row_scales = row_scales_.data() + first});
    return;
  }
  const std::int64_t begin = first * width_;
  require(begin % kNf4Block == 0, "QuantizedMatrix", "a piece begins with a block");
  quantize_nf4(
      context,
      {.n = n_rows * width_, .x = x, .codes = codes_.data() + begin / 2, .absmax = absmax_.data() + begin / kNf4Block});
}

void QuantizedMatrix::finish(Context& context) {
  if (format_ == WeightFormat::kInt8) return;
  const auto blocks = static_cast<std::int64_t>(absmax_.size());
  absmax_codes_ = {allocator_, absmax_.size()};
  absmax_scales_ = {allocator_, size(absmax_blocks(blocks))};
  DeviceBuffer<float> offset(allocator_, 1);
  quantize_absmax(context, {.n_blocks = blocks,
                            .absmax = absmax_.data(),
                            .codes = absmax_codes_.data(),
                            .scales = absmax_scales_.data(),
                            .offset = offset.data()});
  nf4_.absmax_offset = offset.values().front();
  nf4_.absmax_codes = absmax_codes_.data();
  nf4_.absmax_scales = absmax_scales_.data();
  absmax_ = {};
}

WeightView QuantizedMatrix::view() const {
  if (format_ == WeightFormat::kInt8)
    return {.data = codes_.data(), .format = WeightFormat::kInt8, .row_scales = row_scales_.data()};
  return {.data = codes_.data(), .format = WeightFormat::kNf4, .nf4 = &nf4_};
}

std::uint64_t QuantizedMatrix::bytes(WeightFormat format, std::int64_t rows, std::int64_t width) {
  const std::int64_t n = rows * width;
  if (format == WeightFormat::kInt8) return static_cast<std::uint64_t>(n + 4 * rows);
  const std::int64_t blocks = nf4_blocks(n);
  return static_cast<std::uint64_t>((n + 1) / 2 + blocks + 4 * absmax_blocks(blocks));
}

}  // namespace matinee
