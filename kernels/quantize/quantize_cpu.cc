#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/context.h"
#include "kernels/cpu_ops.h"

namespace matinee {
namespace {

// 0 if it is smaller than a normal number: its reciprocal could be infinite.
float largest_magnitude(const float* x, std::int64_t n) {
  float most = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const float magnitude = std::fabs(x[i]);
    most = magnitude > most ? magnitude : most;
  }
  return most < std::numeric_limits<float>::min() ? 0 : most;
}

// A block of at most kNf4Block numbers. As the values ascend, the index of the nearest one is the number of values that
// are nearer than the value before them.
void nf4_block(const float* x, std::int64_t n, std::uint8_t* codes, float* absmax) {
  const float most = largest_magnitude(x, n);
  *absmax = most;
  // Zero stands for what is missing in a shorter block; its code is 7, and the last half byte of an odd n is 0.
  std::array<float, kNf4Block> scaled{};
  if (most > 0) {
    const float inverse = 1.0f / most;
    for (std::int64_t i = 0; i < n; ++i) scaled[static_cast<std::size_t>(i)] = x[i] * inverse;
  }
  std::array<std::int32_t, kNf4Block> index{};
  for (int v = 0; v < 15; ++v) {
    const float low = kNf4Values[v], high = kNf4Values[v + 1];
    for (std::size_t i = 0; i < kNf4Block; ++i) {
      index[i] += std::fabs(scaled[i] - high) < std::fabs(scaled[i] - low) ? 1 : 0;
    }
  }
  for (std::int64_t i = 0; i < n; i += 2) {
    const std::int32_t second = i + 1 < n ? index[static_cast<std::size_t>(i + 1)] : 0;
    codes[i / 2] = static_cast<std::uint8_t>(index[static_cast<std::size_t>(i)] << 4 | second);
  }
}

std::uint8_t nearest_dynamic(float x) {
  const float* values = dynamic_8bit_values();
  // The first value that is not below x, and the one before it.
  const auto above = std::lower_bound(values, values + 256, x) - values;
  if (above == 0) return 0;
  if (above == 256) return 255;
  const bool upper = std::fabs(x - values[above]) < std::fabs(x - values[above - 1]);
  return static_cast<std::uint8_t>(upper ? above : above - 1);
}

}  // namespace

void quantize_int8_cpu(Context& context, const QuantizeInt8Args& args) {
  const std::int64_t block = std::max<std::int64_t>(1, (1 << 16) / std::max<std::int64_t>(args.width, 1));
  context.pool().for_blocks(
      static_cast<std::size_t>(args.n_rows), static_cast<std::size_t>(block),
      [&](std::size_t begin, std::size_t end, int) {
        for (auto row = static_cast<std::int64_t>(begin); row < static_cast<std::int64_t>(end); ++row) {
          const float* x = args.x + row * args.width;
          std::int8_t* codes = args.codes + row * args.width;
          const float most = largest_magnitude(x, args.width);
          args.row_scales[row] = most / 127.0f;
          const float inverse = most == 0 ? 0 : (1.0f / most) * 127.0f;
          for (std::int64_t i = 0; i < args.width; ++i) {
            codes[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(std::nearbyint(x[i] * inverse)));
          }
        }
      });
}

void quantize_nf4_cpu(Context& context, const QuantizeNf4Args& args) {
  context.pool().for_blocks(
      static_cast<std::size_t>(nf4_blocks(args.n)), 256, [&](std::size_t begin, std::size_t end, int) {
        for (auto block = static_cast<std::int64_t>(begin); block < static_cast<std::int64_t>(end); ++block) {
          const std::int64_t first = block * kNf4Block;
          nf4_block(args.x + first, std::min(kNf4Block, args.n - first), args.codes + first / 2, args.absmax + block);
        }
      });
}

void quantize_absmax_cpu(Context&, const QuantizeAbsmaxArgs& args) {
  double sum = 0;
  for (std::int64_t i = 0; i < args.n_blocks; ++i) sum += static_cast<double>(args.absmax[i]);
  const auto offset = static_cast<float>(sum / static_cast<double>(args.n_blocks));
  *args.offset = offset;
  std::array<float, kAbsmaxBlock> differences{};
  for (std::int64_t first = 0; first < args.n_blocks; first += kAbsmaxBlock) {
    const std::int64_t n = std::min(kAbsmaxBlock, args.n_blocks - first);
    for (std::int64_t i = 0; i < n; ++i) differences[static_cast<std::size_t>(i)] = args.absmax[first + i] - offset;
    const float most = largest_magnitude(differences.data(), n);
    args.scales[first / kAbsmaxBlock] = most;
    const float inverse = most == 0 ? 0 : 1.0f / most;
    for (std::int64_t i = 0; i < n; ++i) {
      args.codes[first + i] = nearest_dynamic(differences[static_cast<std::size_t>(i)] * inverse);
    }
  }
}

void dequantize_cpu(Context& context, const DequantizeArgs& args) {
  const float* dynamic = dynamic_8bit_values();
  context.pool().for_blocks(static_cast<std::size_t>(args.n), 1 << 16, [&](std::size_t begin, std::size_t end, int) {
    const std::int64_t first = args.first + args.weight.first, last = first + static_cast<std::int64_t>(end);
    std::int64_t at = first + static_cast<std::int64_t>(begin);
    float* y = args.y + begin;
    while (at < last) {
      if (args.weight.format == WeightFormat::kInt8) {
        const std::int64_t row = at / args.width, stop = std::min(last, (row + 1) * args.width);
        const auto* codes = static_cast<const std::int8_t*>(args.weight.data);
        const float scale = args.weight.row_scales[row];
        for (; at < stop; ++at) *y++ = static_cast<float>(codes[at]) * scale;
        continue;
      }
      if (args.weight.format == WeightFormat::kNf4) {
        const Nf4Scales& nf4 = *args.weight.nf4;
        const auto* codes = static_cast<const std::uint8_t*>(args.weight.data);
        const std::int64_t block = at / kNf4Block, stop = std::min(last, (block + 1) * kNf4Block);
        const float absmax =
            dynamic[nf4.absmax_codes[block]] * nf4.absmax_scales[block / kAbsmaxBlock] + nf4.absmax_offset;
        for (; at < stop; ++at) *y++ = kNf4Values[at % 2 == 0 ? codes[at / 2] >> 4 : codes[at / 2] & 15] * absmax;
        continue;
      }
      const bool narrow = args.weight.format == WeightFormat::kBF16;
      for (; at < last; ++at) {
        *y++ = narrow ? to_float(static_cast<const bf16*>(args.weight.data)[at])
                      : static_cast<const float*>(args.weight.data)[at];
      }
    }
  });
}

}  // namespace matinee
