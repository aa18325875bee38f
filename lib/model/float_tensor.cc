#include "lib/model/float_tensor.h"

#include <array>
#include <cstring>

#include "lib/base/format_error.h"
#include "lib/base/half.h"

namespace matinee {
namespace {

// Calls convert(values, n, to) for parts of `bytes`, copied to an aligned place first where they are not aligned.
template <class T, class Convert>
void convert_parts(std::span<const std::byte> bytes, std::span<float> to, const Convert& convert) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(T) == 0) {
    convert(reinterpret_cast<const T*>(bytes.data()), to.size(), to.data());
    return;
  }
  std::array<T, 4096> aligned;
  for (std::size_t first = 0; first < to.size(); first += aligned.size()) {
    const std::size_t n = std::min(aligned.size(), to.size() - first);
    std::memcpy(aligned.data(), bytes.data() + first * sizeof(T), n * sizeof(T));
    convert(aligned.data(), n, to.data() + first);
  }
}

}  // namespace

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t extent : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(extent);
  }
  return text + "]";
}

bool is_float(DType dtype) { return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16; }

void to_floats(DType dtype, std::span<const std::byte> bytes, std::span<float> to) {
  if (to.empty()) return;
  if (dtype == DType::kF32) {
    std::memcpy(to.data(), bytes.data(), to.size_bytes());
  } else if (dtype == DType::kF16) {
    convert_parts<std::uint16_t>(bytes, to, halves_to_floats);
  } else if (dtype == DType::kBF16) {
    convert_parts<bf16>(bytes, to, [](const bf16* from, std::size_t n, float* values) {
      for (std::size_t i = 0; i < n; ++i) values[i] = to_float(from[i]);
    });
  } else {
    throw internal_error("to_floats: {} is no float of a model", name_of(dtype));
  }
}

}  // namespace matinee
