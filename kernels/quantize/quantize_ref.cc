// The definitions are in float32, so the references compute in it too and leave it for double only where the definition
// does not round.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/reference.h"

namespace matinee {
namespace {

// The index of the value nearest to x, the smaller one of two as near.
template <int kCount>
int nearest(const float* values, float x) {
  int best = 0;
  for (int i = 1; i < kCount; ++i) {
    if (std::fabs(x - values[i]) < std::fabs(x - values[best])) best = i;
  }
  return best;
}

float largest(const double* x, std::int64_t n) {
  float most = 0;
  for (std::int64_t i = 0; i < n; ++i) most = std::fmax(most, std::fabs(static_cast<float>(x[i])));
  return most < std::numeric_limits<float>::min() ? 0 : most;
}

}  // namespace

void quantize_int8_ref(const QuantizeInt8ArgsOf<double>& args) {
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    const double* x = args.x + row * args.width;
    const float most = largest(x, args.width);
    args.row_scales[row] = most / 127.0f;
    for (std::int64_t i = 0; i < args.width; ++i) {
      const float scaled = most == 0 ? 0 : static_cast<float>(x[i]) * ((1.0f / most) * 127.0f);
      args.codes[row * args.width + i] = static_cast<std::int8_t>(std::nearbyint(scaled));
    }
  }
}

void quantize_nf4_ref(const QuantizeNf4ArgsOf<double>& args) {
  for (std::int64_t i = 0; i < (args.n + 1) / 2; ++i) args.codes[i] = 0;
  for (std::int64_t first = 0; first < args.n; first += kNf4Block) {
    const std::int64_t n = std::min(kNf4Block, args.n - first);
    const float most = largest(args.x + first, n);
    args.absmax[first / kNf4Block] = most;
    for (std::int64_t i = first; i < first + n; ++i) {
      const int code = most == 0 ? 7 : nearest<16>(kNf4Values, static_cast<float>(args.x[i]) * (1.0f / most));
      args.codes[i / 2] = static_cast<std::uint8_t>(args.codes[i / 2] | (i % 2 == 0 ? code << 4 : code));
    }
  }
}

void quantize_absmax_ref(const QuantizeAbsmaxArgsOf<double>& args) {
  double sum = 0;
  for (std::int64_t i = 0; i < args.n_blocks; ++i) sum += args.absmax[i];
  *args.offset = static_cast<float>(sum / static_cast<double>(args.n_blocks));
  for (std::int64_t first = 0; first < args.n_blocks; first += kAbsmaxBlock) {
    const std::int64_t last = std::min(first + kAbsmaxBlock, args.n_blocks);
    float most = 0;
    for (std::int64_t i = first; i < last; ++i) {
      most = std::fmax(most, std::fabs(static_cast<float>(args.absmax[i]) - *args.offset));
    }
    args.scales[first / kAbsmaxBlock] = most;
    for (std::int64_t i = first; i < last; ++i) {
      const float difference = static_cast<float>(args.absmax[i]) - *args.offset;
      args.codes[i] =
          static_cast<std::uint8_t>(nearest<256>(dynamic_8bit_values(), most == 0 ? 0 : difference * (1.0f / most)));
    }
  }
}

void dequantize_ref(const DequantizeArgsOf<double>& args) {
  for (std::int64_t i = 0; i < args.n; ++i) {
    const std::int64_t at = args.weight.first + args.first + i;
    if (args.weight.format == WeightFormat::kInt8) {
      args.y[i] = static_cast<double>(static_cast<const std::int8_t*>(args.weight.data)[at]) *
                  static_cast<double>(args.weight.row_scales[at / args.width]);
      continue;
    }
    const Nf4Scales& nf4 = *args.weight.nf4;
    const std::int64_t block = at / kNf4Block;
    float absmax = dynamic_8bit_values()[nf4.absmax_codes[block]] * nf4.absmax_scales[block / kAbsmaxBlock];
    absmax += nf4.absmax_offset;
    const int byte = static_cast<const std::uint8_t*>(args.weight.data)[at / 2];
    args.y[i] = static_cast<double>(kNf4Values[at % 2 == 0 ? byte >> 4 : byte & 15]) * static_cast<double>(absmax);
  }
}

void dequantized_ref(WeightFormat format, std::int64_t rows, std::int64_t width, const double* x, std::int64_t first,
                     std::int64_t n, double* y) {
  const auto size = [](std::int64_t count) { return static_cast<std::size_t>(count); };
  const std::int64_t elements = rows * width, blocks = nf4_blocks(elements);
  if (format == WeightFormat::kInt8) {
    std::vector<std::int8_t> codes(size(elements));
    std::vector<float> scales(size(rows));
    quantize_int8_ref({.n_rows = rows, .width = width, .x = x, .codes = codes.data(), .row_scales = scales.data()});
    dequantize_ref({.first = first,
                    .n = n,
                    .width = width,
                    .weight = {.data = codes.data(), .format = WeightFormat::kInt8, .row_scales = scales.data()},
                    .y = y});
    return;
  }
  std::vector<std::uint8_t> codes(size((elements + 1) / 2)), absmax_codes(size(blocks));
  std::vector<float> absmax(size(blocks)), scales(size(absmax_blocks(blocks)));
  quantize_nf4_ref({.n = elements, .x = x, .codes = codes.data(), .absmax = absmax.data()});
  const std::vector<double> wide(absmax.begin(), absmax.end());
  Nf4Scales nf4{absmax_codes.data(), scales.data(), 0};
  if (blocks > 0) {
    quantize_absmax_ref({.n_blocks = blocks,
                         .absmax = wide.data(),
                         .codes = absmax_codes.data(),
                         .scales = scales.data(),
                         .offset = &nf4.absmax_offset});
  }
  dequantize_ref({.first = first,
                  .n = n,
                  .width = width,
                  .weight = {.data = codes.data(), .format = WeightFormat::kNf4, .nf4 = &nf4},
                  .y = y});
}

}  // namespace matinee
