// Decoding of the block formats of 256 numbers.
#include "lib/io/gguf_blocks.h"
#include "lib/io/gguf_unpack.h"

namespace matinee {
namespace {

constexpr std::size_t kNumbers = 256;

// `codes` of group `group`.
template <class Block>
void put_group(const Block& block, std::size_t group, __m256i codes, float* to) {
  const float scale = half_to_float(block.scale) * static_cast<float>(block.scales.scale(group));
  const float minimum = half_to_float(block.minimum) * static_cast<float>(block.scales.minimum(group));
  scaled_32(codes, scale, -minimum, to + 32 * group);
}

}  // namespace

void decode_q4_k(const std::byte* from, std::size_t n, float* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const auto block = block_at<BlockQ4_K>(from, b);
    for (std::size_t group = 0; group < 8; group += 2) {
      const __m256i packed = load_32(block.codes.data() + 16 * group);
      put_group(block, group, low_halves(packed), to + b * kNumbers);
      put_group(block, group + 1, high_halves(packed), to + b * kNumbers);
    }
  }
}

void decode_q5_k(const std::byte* from, std::size_t n, float* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const auto block = block_at<BlockQ5_K>(from, b);
    __m256i fifth = load_32(block.fifth.data());
    for (std::size_t group = 0; group < 8; group += 2) {
      const __m256i packed = load_32(block.codes.data() + 16 * group);
      const __m256i bit = _mm256_set1_epi8(16);
      put_group(block, group, _mm256_or_si256(low_halves(packed), _mm256_and_si256(_mm256_slli_epi16(fifth, 4), bit)),
                to + b * kNumbers);
      put_group(block, group + 1,
                _mm256_or_si256(high_halves(packed), _mm256_and_si256(_mm256_slli_epi16(fifth, 3), bit)),
                to + b * kNumbers);
      fifth = _mm256_srli_epi16(fifth, 2);
    }
  }
}

void decode_q6_k(const std::byte* from, std::size_t n, float* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const auto block = block_at<BlockQ6_K>(from, b);
    const float scale = half_to_float(block.scale);
    for (std::size_t group = 0; group < 8; ++group) {  // of 32 numbers
      const std::size_t half = group / 4, quarter = group % 4;
      const __m256i low = load_32(block.low.data() + 64 * half + quarter % 2 * 32);
      const __m256i high = load_32(block.high.data() + 32 * half);
      const __m256i pair =
          _mm256_and_si256(_mm256_srli_epi16(high, static_cast<int>(2 * quarter)), _mm256_set1_epi8(3));
      const __m256i codes =
          _mm256_or_si256(quarter < 2 ? low_halves(low) : high_halves(low), _mm256_slli_epi16(pair, 4));
      const __m256i centered = _mm256_sub_epi8(codes, _mm256_set1_epi8(32));
      float* out = to + b * kNumbers + 32 * group;
      const std::int8_t* scales = block.scales.data() + 2 * group;
      scaled_16(_mm256_castsi256_si128(centered), scale * static_cast<float>(scales[0]), out);
      scaled_16(_mm256_extracti128_si256(centered, 1), scale * static_cast<float>(scales[1]), out + 16);
    }
  }
}

}  // namespace matinee
