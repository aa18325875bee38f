#include "lib/base/half.h"

#include <immintrin.h>

namespace matinee {

std::uint16_t to_half(float value) {
  return static_cast<std::uint16_t>(_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

float half_to_float(std::uint16_t bits) { return _cvtsh_ss(bits); }

void halves_to_floats(const std::uint16_t* from, std::size_t n, float* to) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
  }
  for (; i < n; ++i) to[i] = half_to_float(from[i]);
}

}  // namespace matinee
