// Philox4x32-10 gives 128 bits per counter, and an element takes 16 of them. The columns of a row are cut into groups
// of 64. Group g uses the eight counters {8·g + lane, row low, row high, kLoraDropoutTag}. Column
// 64·g + 16·word + 8·half + lane takes half `half` (0: low) of word `word` of the lane's result. So eight counters in
// the lanes of a vector give eight adjacent columns.

#include "kernels/lora_matmul/lora_dropout.h"

#include <immintrin.h>

#include <array>
#include <cmath>

#include "lib/base/random.h"

namespace matinee {
namespace {

constexpr std::int64_t kGroup = 64;

// The high and low halves of the products of eight 32-bit numbers with `factor`.
inline void multiply_wide(__m256i a, std::uint32_t factor, __m256i& high, __m256i& low) {
  const __m256i f = _mm256_set1_epi32(static_cast<int>(factor));
  const __m256i even = _mm256_mul_epu32(a, f), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), f);
  high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
  low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}

// philox4x32 for eight counters that differ in the first word.
inline void philox_lanes(std::uint32_t first, std::uint64_t row, std::uint64_t key, __m256i words[4]) {
  __m256i c0 = _mm256_add_epi32(_mm256_set1_epi32(static_cast<int>(first)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  __m256i c1 = _mm256_set1_epi32(static_cast<int>(row & 0xffffffffu));
  __m256i c2 = _mm256_set1_epi32(static_cast<int>(row >> 32));
  __m256i c3 = _mm256_set1_epi32(static_cast<int>(kLoraDropoutTag));
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    __m256i high0, low0, high1, low1;
    multiply_wide(c0, 0xD2511F53u, high0, low0);
    multiply_wide(c2, 0xCD9E8D57u, high1, low1);
    c0 = _mm256_xor_si256(_mm256_xor_si256(high1, c1), _mm256_set1_epi32(static_cast<int>(k0)));
    c1 = low1;
    c2 = _mm256_xor_si256(_mm256_xor_si256(high0, c3), _mm256_set1_epi32(static_cast<int>(k1)));
    c3 = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

}  // namespace

std::uint32_t lora_dropout_threshold(const LoraDropout& dropout) {
  return static_cast<std::uint32_t>(std::lround(static_cast<double>(dropout.drop_probability) * 65536.0));
}

bool same_mask(const LoraDropout& a, const LoraDropout& b) {
  if (a.drop_probability == 0 && b.drop_probability == 0) return true;
  return a.drop_probability == b.drop_probability && a.key == b.key && a.first_row == b.first_row;
}

float lora_dropout_factor(const LoraDropout& dropout, std::int64_t, std::int64_t row, std::int64_t column) {
  const auto whole_row = static_cast<std::uint64_t>(dropout.first_row + row);
  const auto within = static_cast<std::uint32_t>(column % kGroup);
  const std::array<std::uint32_t, 4> words =
      philox4x32({static_cast<std::uint32_t>(column / kGroup * 8) + within % 8, static_cast<std::uint32_t>(whole_row),
                  static_cast<std::uint32_t>(whole_row >> 32), kLoraDropoutTag},
                 {static_cast<std::uint32_t>(dropout.key), static_cast<std::uint32_t>(dropout.key >> 32)});
  const std::uint32_t bits = words[within / 16] >> (within / 8 % 2 * 16) & 0xffffu;
  return bits < lora_dropout_threshold(dropout) ? 0.0f : 1.0f / (1.0f - dropout.drop_probability);
}

void lora_dropout_row(const LoraDropout& dropout, std::int64_t row, std::int64_t first, std::int64_t n, const float* x,
                      float* y, bool accumulate) {
  const auto whole_row = static_cast<std::uint64_t>(dropout.first_row + row);
  const __m256i limit = _mm256_set1_epi32(static_cast<int>(lora_dropout_threshold(dropout)) - 1);
  const __m256 factor = _mm256_set1_ps(1.0f / (1.0f - dropout.drop_probability));
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  for (std::int64_t group = 0; group < n; group += kGroup) {
    __m256i words[4];
    philox_lanes(static_cast<std::uint32_t>((first + group) / kGroup * 8), whole_row, dropout.key, words);
    for (std::int64_t eight = 0; eight < 8 && group + eight * 8 < n; ++eight) {
      const std::int64_t column = group + eight * 8;
      const __m256i word = words[eight / 2];
      const __m256i bits =
          eight % 2 == 0 ? _mm256_and_si256(word, _mm256_set1_epi32(0xffff)) : _mm256_srli_epi32(word, 16);
      const __m256 kept = _mm256_and_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(bits, limit)), factor);
      if (column + 8 <= n) {
        __m256 result = _mm256_mul_ps(_mm256_loadu_ps(x + column), kept);
        if (accumulate) result = _mm256_add_ps(result, _mm256_loadu_ps(y + column));
        _mm256_storeu_ps(y + column, result);
        continue;
      }
      const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n - column)), lane);
      __m256 result = _mm256_mul_ps(_mm256_maskload_ps(x + column, mask), kept);
      if (accumulate) result = _mm256_add_ps(result, _mm256_maskload_ps(y + column, mask));
      _mm256_maskstore_ps(y + column, mask, result);
    }
  }
}

}  // namespace matinee
