#include "kernels/weight_view.h"

#include "kernels/check.h"

namespace matinee {

const char* name_of(WeightFormat format) {
  switch (format) {
    case WeightFormat::kF32: return "float32";
    case WeightFormat::kBF16: return "bfloat16";
    case WeightFormat::kInt8: return "int8";
    case WeightFormat::kNf4: return "NF4";
  }
  return "";
}

std::size_t size_of(WeightFormat format) {
  require(format != WeightFormat::kNf4, "size_of", "an element takes whole bytes");
  return format == WeightFormat::kF32 ? 4 : format == WeightFormat::kBF16 ? 2 : 1;
}

void require_weight(const char* operation, const WeightView& weight) {
  require(weight.data != nullptr, operation, "the weight is given");
  require(weight.format != WeightFormat::kInt8 || weight.row_scales != nullptr, operation,
          "an int8 weight has its scales");
  require(weight.format != WeightFormat::kNf4 ||
              (weight.nf4 != nullptr && weight.nf4->absmax_codes != nullptr && weight.nf4->absmax_scales != nullptr),
          operation, "an NF4 weight has its scales");
}

WeightView rows_from(const WeightView& weight, std::int64_t row, std::int64_t width) {
  WeightView rows = weight;
  if (weight.format == WeightFormat::kNf4) {
    rows.first += row * width;
    return rows;
  }
  rows.data =
      static_cast<const std::byte*>(weight.data) + static_cast<std::size_t>(row * width) * size_of(weight.format);
  if (weight.format == WeightFormat::kInt8) rows.row_scales += row;
  return rows;
}

}  // namespace matinee
