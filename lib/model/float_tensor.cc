#include "lib/model/float_tensor.h"

#include "lib/base/format_error.h"
#include "lib/base/half.h"

namespace matinee {
namespace {

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
  halves_to_floats(bits, to.size(), to.data());
}

}  // namespace matinee
