// The block formats of 32 numbers.
#include <cfloat>
#include <cmath>

#include "lib/io/gguf_blocks.h"
#include "lib/io/gguf_unpack.h"

namespace matinee {
namespace {

constexpr std::size_t kNumbers = 32;

template <class Block>
void put(const Block& block, std::byte* to, std::size_t at) {
  std::memcpy(to + at * sizeof(Block), &block, sizeof(Block));
}

// The number that is largest without its sign, the first of equals, with its sign.
float largest(const float* x) {
  float most = 0, result = 0;
  for (std::size_t i = 0; i < kNumbers; ++i) {
    if (most < std::fabs(x[i])) {
      most = std::fabs(x[i]);
      result = x[i];
    }
  }
  return result;
}

// 1 / scale, or 0 where that is not finite.
float inverse_of(float scale) {
  const float inverse = 1 / scale;
  return std::isfinite(inverse) ? inverse : 0;
}

// `value` without its fraction, at most `most`; also for NaN.
std::uint8_t truncated(float value, float most) { return static_cast<std::uint8_t>(value < most ? value : most); }

// Codes of numbers around 0: x / scale + middle, the largest number at one end. The codes use the scale before it is
// rounded to float16.
struct Centered {
  float scale, inverse, middle, most;

  Centered(const float* x, float half)
      : scale(largest(x) / -half), inverse(inverse_of(scale)), middle(half + 0.5f), most(2 * half - 1) {}
  std::uint8_t code(float x) const { return truncated(x * inverse + middle, most); }
};

// Codes of numbers above a minimum.
struct Shifted {
  float minimum = FLT_MAX, scale, inverse, most;

  Shifted(const float* x, float most_code) : most(most_code) {
    float maximum = -FLT_MAX;
    for (std::size_t i = 0; i < kNumbers; ++i) {
      if (x[i] < minimum) minimum = x[i];
      if (x[i] > maximum) maximum = x[i];
    }
    scale = (maximum - minimum) / most;
    inverse = inverse_of(scale);
  }
  std::uint8_t code(float x) const { return truncated((x - minimum) * inverse + 0.5f, most); }
};

template <class Coder>
void pack_halves(const Coder& coder, const float* x, Bytes16& codes) {
  for (std::size_t j = 0; j < codes.size(); ++j) {
    codes[j] = static_cast<std::uint8_t>((coder.code(x[j]) & 15) | (coder.code(x[j + 16]) & 15) << 4);
  }
}

template <class Coder>
void pack_fifth(const Coder& coder, const float* x, std::array<std::uint8_t, 4>& fifth) {
  fifth.fill(0);
  for (std::size_t j = 0; j < kNumbers; ++j) {
    fifth[j / 8] |= static_cast<std::uint8_t>(coder.code(x[j]) >> 4 << j % 8);
  }
}

}  // namespace

void decode_q4_0(const std::byte* from, std::size_t n, float* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const auto block = block_at<BlockQ4_0>(from, b);
    const __m256i codes = _mm256_sub_epi8(codes_of_halves(block.codes), _mm256_set1_epi8(8));
    scaled_32(codes, half_to_float(block.scale), to + b * kNumbers);
  }
}

void decode_q4_1(const std::byte* from, std::size_t n, float* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const auto block = block_at<BlockQ4_1>(from, b);
    scaled_32(codes_of_halves(block.codes), half_to_float(block.scale), half_to_float(block.minimum),
              to + b * kNumbers);
  }
}

void decode_q5_0(const std::byte* from, std::size_t n, float* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const auto block = block_at<BlockQ5_0>(from, b);
    const __m256i codes = _mm256_or_si256(codes_of_halves(block.codes), sixteens_of_bits(block.fifth));
    scaled_32(_mm256_sub_epi8(codes, _mm256_set1_epi8(16)), half_to_float(block.scale), to + b * kNumbers);
  }
}

void decode_q5_1(const std::byte* from, std::size_t n, float* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const auto block = block_at<BlockQ5_1>(from, b);
    const __m256i codes = _mm256_or_si256(codes_of_halves(block.codes), sixteens_of_bits(block.fifth));
    scaled_32(codes, half_to_float(block.scale), half_to_float(block.minimum), to + b * kNumbers);
  }
}

void decode_q8_0(const std::byte* from, std::size_t n, float* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const auto block = block_at<BlockQ8_0>(from, b);
    scaled_32(load_32(block.codes.data()), half_to_float(block.scale), to + b * kNumbers);
  }
}

void encode_q4_0(const float* from, std::size_t n, std::byte* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const float* x = from + b * kNumbers;
    const Centered coder(x, 8);
    BlockQ4_0 block;
    block.scale = to_half(coder.scale);
    pack_halves(coder, x, block.codes);
    put(block, to, b);
  }
}

void encode_q4_1(const float* from, std::size_t n, std::byte* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const float* x = from + b * kNumbers;
    const Shifted coder(x, 15);
    BlockQ4_1 block;
    block.scale = to_half(coder.scale);
    block.minimum = to_half(coder.minimum);
    pack_halves(coder, x, block.codes);
    put(block, to, b);
  }
}

void encode_q5_0(const float* from, std::size_t n, std::byte* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const float* x = from + b * kNumbers;
    const Centered coder(x, 16);
    BlockQ5_0 block;
    block.scale = to_half(coder.scale);
    pack_fifth(coder, x, block.fifth);
    pack_halves(coder, x, block.codes);
    put(block, to, b);
  }
}

void encode_q5_1(const float* from, std::size_t n, std::byte* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const float* x = from + b * kNumbers;
    const Shifted coder(x, 31);
    BlockQ5_1 block;
    block.scale = to_half(coder.scale);
    block.minimum = to_half(coder.minimum);
    pack_fifth(coder, x, block.fifth);
    pack_halves(coder, x, block.codes);
    put(block, to, b);
  }
}

// scale = max|x| / 127, code = round(x / scale) with halves away from zero.
void encode_q8_0(const float* from, std::size_t n, std::byte* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const float* x = from + b * kNumbers;
    const float scale = std::fabs(largest(x)) / 127, inverse = inverse_of(scale);
    BlockQ8_0 block;
    block.scale = to_half(scale);
    for (std::size_t i = 0; i < kNumbers; ++i) {
      // std::round is a call, and adding 0.5 would round 0.49999997 up. The conversion maps NaN to a negative number.
      const float value = x[i] * inverse;
      const int whole = _mm_cvttss_si32(_mm_set_ss(value));
      const float rest = value - static_cast<float>(whole);
      block.codes[i] = static_cast<std::int8_t>(whole + (rest >= 0.5f) - (rest <= -0.5f));
    }
    put(block, to, b);
  }
}

}  // namespace matinee
