#include "lib/model/float_tensor.h"

#include <bit>
#include <cmath>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1fu, mantissa = bits & 0x3ffu;
  if (exponent == 0) {
    const float value = std::ldexp(static_cast<float>(mantissa), -24);
    return sign != 0 ? -value : value;
  }
  const std::uint32_t widened = exponent == 31 ? 0xffu : exponent + 112;
  return std::bit_cast<float>(sign | (widened << 23) | (mantissa << 13));
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t extent : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(extent);
  }
  return text + "]";
}

}  // namespace

const TensorInfo& require_float_tensor(const SafetensorsFile& file, const std::string& name,
                                       const std::vector<std::int64_t>& shape) {
  const TensorInfo& tensor = file.get(name);
  if (tensor.shape != shape) {
    throw bad_data("{}: tensor \"{}\": expected shape {}, found {}", file.path(), name, shape_text(shape),
                   shape_text(tensor.shape));
  }
  if (tensor.dtype != DType::kF32 && tensor.dtype != DType::kF16 && tensor.dtype != DType::kBF16) {
    throw bad_data("{}: tensor \"{}\": expected dtype F32, F16 or BF16, found {}", file.path(), name,
                   name_of(tensor.dtype));
  }
  return tensor;
}

void read_floats(const SafetensorsFile& file, const TensorInfo& tensor, std::size_t first, std::span<float> to) {
  if (tensor.dtype == DType::kF32) {
    const auto values = file.view<float>(tensor.name).subspan(first, to.size());
    std::copy(values.begin(), values.end(), to.begin());
    return;
  }
  if (tensor.dtype == DType::kBF16) {
    const auto values = file.view<bf16>(tensor.name).subspan(first, to.size());
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = to_float(values[i]);
    return;
  }
  const auto* bits = reinterpret_cast<const std::uint16_t*>(file.data(tensor).data()) + first;
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = half_to_float(bits[i]);
}

}  // namespace matinee
