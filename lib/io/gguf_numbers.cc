// Encodes and decodes the tensor formats of GGUF.

#include <cmath>
#include <cstring>

#include "lib/base/dtype.h"
#include "lib/base/half.h"
#include "lib/io/gguf.h"

namespace matinee {
namespace {

constexpr std::size_t kBlock = 32, kBlockBytes = 34;

// quantize_row_q8_0 of ggml: d = max|x| / 127, code = round(x / d) with halves away from zero, stored scale = d in
// float16. The codes use d before it is rounded to float16.
void encode_q8_0(const float* x, std::byte* to) {
  float most = 0;
  for (std::size_t i = 0; i < kBlock; ++i) most = std::fmax(most, std::fabs(x[i]));
  const float scale = most / 127, inverse = scale == 0 ? 0 : 1 / scale;
  const std::uint16_t bits = to_half(scale);
  std::memcpy(to, &bits, 2);
  for (std::size_t i = 0; i < kBlock; ++i) {
    to[2 + i] = static_cast<std::byte>(static_cast<std::int8_t>(std::round(x[i] * inverse)));
  }
}

}  // namespace

void encode_gguf(GgufFormat format, std::span<const float> values, std::vector<std::byte>& bytes) {
  bytes.resize(bytes_of(format, values.size()));
  if (values.empty()) return;
  auto* narrow = reinterpret_cast<std::uint16_t*>(bytes.data());
  switch (format) {
    case GgufFormat::kF32: std::memcpy(bytes.data(), values.data(), bytes.size()); break;
    case GgufFormat::kF16:
      for (std::size_t i = 0; i < values.size(); ++i) narrow[i] = to_half(values[i]);
      break;
    case GgufFormat::kBF16:
      for (std::size_t i = 0; i < values.size(); ++i) narrow[i] = to_bf16(values[i]).bits;
      break;
    case GgufFormat::kQ8_0:
      for (std::size_t b = 0; b < values.size() / kBlock; ++b) {
        encode_q8_0(values.data() + b * kBlock, bytes.data() + b * kBlockBytes);
      }
      break;
  }
}

void decode_gguf(GgufFormat format, std::span<const std::byte> bytes, std::span<float> values) {
  if (values.empty()) return;
  if (format == GgufFormat::kF32) {
    std::memcpy(values.data(), bytes.data(), values.size() * 4);
    return;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint16_t bits = 0;
    const std::size_t at = format == GgufFormat::kQ8_0 ? i / kBlock * kBlockBytes : 2 * i;
    std::memcpy(&bits, bytes.data() + at, 2);
    if (format == GgufFormat::kBF16) {
      values[i] = to_float(bf16{bits});
    } else if (format == GgufFormat::kF16) {
      values[i] = half_to_float(bits);
    } else {
      values[i] = half_to_float(bits) * static_cast<float>(static_cast<std::int8_t>(bytes[at + 2 + i % kBlock]));
    }
  }
}

}  // namespace matinee
