// The numbers that NF4 codes and 8-bit scale codes stand for.

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/quantize/quantize.h"

namespace matinee {
namespace {

// For each exponent e of ten from -6 to 0 the middles of 2^(e + 6) equal parts of [0.1, 1], times 10^e, of both signs;
// 0; 1. In float32 as the original computes it: borders are counted from the nearer end and rounded once.
std::array<float, 256> make_dynamic_values() {
  constexpr std::array<float, 7> kPowers{1e-6f, 1e-5f, 1e-4f, 1e-3f, 1e-2f, 1e-1f, 1.0f};
  std::array<float, 256> values{};
  auto* next = values.data();
  for (std::size_t e = 0; e < kPowers.size(); ++e) {
    const int parts = 1 << e;
    const float step = (1.0f - 0.1f) / static_cast<float>(parts);
    const auto border = [&](int i) {
      return i < (parts + 1) / 2 ? std::fma(step, static_cast<float>(i), 0.1f)
                                 : std::fma(-step, static_cast<float>(parts - i), 1.0f);
    };
    for (int i = 0; i < parts; ++i) {
      const float middle = (border(i) + border(i + 1)) / 2;
      *next++ = kPowers[e] * middle;
      *next++ = -kPowers[e] * middle;
    }
  }
  *next++ = 0;
  *next++ = 1;
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

const float kNf4Values[16] = {-1.0f,
                              -0.6961928009986877f,
                              -0.5250730514526367f,
                              -0.39491748809814453f,
                              -0.28444138169288635f,
                              -0.18477343022823334f,
                              -0.09105003625154495f,
                              0.0f,
                              0.07958029955625534f,
                              0.16093020141124725f,
                              0.24611230194568634f,
                              0.33791524171829224f,
                              0.44070982933044434f,
                              0.5626170039176941f,
                              0.7229568362236023f,
                              1.0f};

const float* dynamic_8bit_values() {
  static const std::array<float, 256> values = make_dynamic_values();
  return values.data();
}

}  // namespace matinee
