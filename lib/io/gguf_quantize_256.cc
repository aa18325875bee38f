// Encoding of the block formats of 256 numbers, as llama.cpp's reference does without an importance matrix: each group
// tries some scales near the one that its largest number asks for, and keeps the one of the least weighted error.
//
// Eight groups are encoded side by side, one in each lane, so every sum has the order of a loop over one group.
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "lib/io/gguf_block_layout.h"
#include "lib/io/gguf_blocks.h"

namespace matinee {
namespace {

constexpr std::size_t kNumbers = 256, kLanes = 8;
constexpr float kZero = 1e-15f;  // groups without a larger number are stored as zeros

using Lanes = __m256;
using LaneValues = std::array<float, kLanes>;

Lanes all(float value) { return _mm256_set1_ps(value); }
Lanes zeros() { return _mm256_setzero_ps(); }
Lanes absolute(Lanes x) { return _mm256_andnot_ps(all(-0.0f), x); }
Lanes chosen(Lanes mask, Lanes yes, Lanes no) { return _mm256_blendv_ps(no, yes, mask); }
Lanes greater(Lanes a, Lanes b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
bool any(Lanes mask) { return _mm256_movemask_ps(mask) != 0; }
/// Rounded to the nearest, ties to even, within the bounds; NaN becomes `least`.
Lanes nearest(Lanes x, float least, float most) {
  const Lanes rounded = _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  return _mm256_min_ps(_mm256_max_ps(rounded, all(least)), all(most));
}
int nearest(float value, int least, int most) {
  // The comparisons come first, since a value may be too large for an int.
  if (!(value > static_cast<float>(least))) return least;
  return value < static_cast<float>(most) ? _mm_cvtss_si32(_mm_set_ss(value)) : most;
}
LaneValues values_of(Lanes x) {
  LaneValues values;
  _mm256_storeu_ps(values.data(), x);
  return values;
}

/// Eight groups of kSize numbers each: number i of all groups is numbers[i].
template <std::size_t kSize>
struct Groups {
  Lanes numbers[kSize];

  Groups() = default;
  explicit Groups(const float* x) {
    for (std::size_t i = 0; i < kSize; ++i) {
      LaneValues values;
      for (std::size_t g = 0; g < kLanes; ++g) values[g] = x[g * kSize + i];
      numbers[i] = _mm256_loadu_ps(values.data());
    }
  }
  /// Group after group.
  void store(std::uint8_t* to) const {
    for (std::size_t i = 0; i < kSize; ++i) {
      const LaneValues values = values_of(numbers[i]);
      for (std::size_t g = 0; g < kLanes; ++g) to[g * kSize + i] = static_cast<std::uint8_t>(values[g]);
    }
  }
};

// ---- Groups above a minimum
// ------------------------------------------------------------------------------------------

// Scales and (not positive) minimums.
struct Fit {
  Lanes scale, minimum;
};

// How codes are made: round((x - base) · per_unit).
struct Encoding {
  Lanes per_unit, base;
};

// What is tried: `steps` + 1 scales for most + first, most + first + 0.1 ... codes in the range of the group.
struct Search {
  float most, first;
  int steps;
};
constexpr Search kSearch4{15, -1, 20}, kSearch5{31, -0.5f, 15};

class FitSearch {
 public:
  FitSearch(const Groups<32>& x, const Search& search) : x_(x), search_(search) {
    Lanes squares = zeros();
    for (const Lanes value : x_.numbers) squares += value * value;
    const Lanes root_mean_square = _mm256_sqrt_ps(squares / all(32));
    least_ = largest_ = x_.numbers[0];
    for (std::size_t i = 0; i < 32; ++i) {
      const Lanes value = x_.numbers[i];
      weights_[i] = root_mean_square + absolute(value);
      w_ += weights_[i];
      wx_ += weights_[i] * value;
      least_ = _mm256_min_ps(value, least_);
      largest_ = _mm256_max_ps(value, largest_);
    }
    least_ = _mm256_min_ps(least_, zeros());
  }

  /// Sets `codes`, too: those of the returned scales and minimums.
  Fit run(Groups<32>& codes) const {
    const Lanes most = all(search_.most), spread = greater(largest_, least_);
    Encoding encoding{most / (largest_ - least_), least_};
    Fit best{all(1) / encoding.per_unit, least_};
    encode(encoding, codes);
    Lanes best_error = error(codes, best);
    for (int step = 0; step <= search_.steps; ++step) {
      const float codes_in_range = search_.first + 0.1f * static_cast<float>(step) + search_.most;
      const Encoding tried{all(codes_in_range) / (largest_ - best.minimum), best.minimum};
      encode(tried, codes);
      Fit fit;
      const Lanes fits = fitted(codes, fit);
      const Lanes tried_error = error(codes, fit);
      const Lanes better = _mm256_and_ps(fits, greater(best_error, tried_error));
      best_error = chosen(better, tried_error, best_error);
      best = {chosen(better, fit.scale, best.scale), chosen(better, fit.minimum, best.minimum)};
      encoding = {chosen(better, tried.per_unit, encoding.per_unit), chosen(better, tried.base, encoding.base)};
    }
    encode(encoding, codes);
    for (Lanes& code : codes.numbers) code = _mm256_and_ps(code, spread);
    return {_mm256_and_ps(best.scale, spread), chosen(spread, best.minimum, least_)};
  }

 private:
  void encode(const Encoding& encoding, Groups<32>& codes) const {
    for (std::size_t i = 0; i < 32; ++i) {
      codes.numbers[i] = nearest(encoding.per_unit * (x_.numbers[i] - encoding.base), 0, search_.most);
    }
  }

  // Weighted least squares of scale · code + minimum. Returns where the codes are not all the same.
  Lanes fitted(const Groups<32>& codes, Fit& fit) const {
    Lanes wl = zeros(), wll = zeros(), wlx = zeros();
    for (std::size_t i = 0; i < 32; ++i) {
      const Lanes weighted = weights_[i] * codes.numbers[i];
      wl += weighted;
      wll += weighted * codes.numbers[i];
      wlx += weighted * x_.numbers[i];
    }
    const Lanes determinant = w_ * wll - wl * wl;
    fit.scale = (w_ * wlx - wx_ * wl) / determinant;
    fit.minimum = (wll * wx_ - wl * wlx) / determinant;
    const Lanes above = greater(fit.minimum, zeros());
    fit = {chosen(above, wlx / wll, fit.scale), chosen(above, zeros(), fit.minimum)};
    return greater(determinant, zeros());
  }

  Lanes error(const Groups<32>& codes, const Fit& fit) const {
    Lanes sum = zeros();
    for (std::size_t i = 0; i < 32; ++i) {
      const Lanes difference = fit.scale * codes.numbers[i] + fit.minimum - x_.numbers[i];
      sum += weights_[i] * (difference * difference);
    }
    return sum;
  }

  const Groups<32>& x_;
  const Search& search_;
  Lanes weights_[32];
  Lanes w_ = zeros(), wx_ = zeros(), least_, largest_;
};

using Codes = std::array<std::uint8_t, kNumbers>;

// Fills in scales, minimums and the low 4 bits of the codes of `block`; returns the codes of its 256 numbers.
template <class Block>
Codes encode_groups(const float* numbers, const Search& search, Block& block) {
  const Groups<32> x(numbers);
  Groups<32> codes;
  const Fit fit = FitSearch(x, search).run(codes);
  const LaneValues scales = values_of(fit.scale), depths = values_of(zeros() - fit.minimum);
  const float most_scale = std::max(0.0f, *std::max_element(scales.begin(), scales.end()));
  const float most_depth = std::max(0.0f, *std::max_element(depths.begin(), depths.end()));
  const float per_scale = most_scale > 0 ? 63 / most_scale : 0, per_depth = most_depth > 0 ? 63 / most_depth : 0;
  block.scale = to_half(most_scale / 63);
  block.minimum = to_half(most_depth / 63);
  LaneValues stored_scales, stored_depths;
  for (std::size_t g = 0; g < kLanes; ++g) {
    block.scales.set(g, static_cast<std::uint8_t>(nearest(per_scale * scales[g], 0, 63)),
                     static_cast<std::uint8_t>(nearest(per_depth * depths[g], 0, 63)));
    stored_depths[g] = half_to_float(block.minimum);
  }
  for (std::size_t g = 0; g < kLanes; ++g) {
    stored_scales[g] = half_to_float(block.scale) * static_cast<float>(block.scales.scale(g));
    stored_depths[g] *= static_cast<float>(block.scales.minimum(g));
  }
  // The codes for the scales as they are stored.
  const Lanes scale = _mm256_loadu_ps(stored_scales.data()), depth = _mm256_loadu_ps(stored_depths.data());
  const Lanes any_scale = greater(scale, zeros());
  for (std::size_t i = 0; i < 32; ++i) {
    const Lanes code = nearest((x.numbers[i] + depth) / scale, 0, search.most);
    codes.numbers[i] = chosen(any_scale, code, codes.numbers[i]);
  }
  Codes all_codes;
  codes.store(all_codes.data());
  for (std::size_t i = 0; i < 128; ++i) {
    const std::uint8_t* pair = all_codes.data() + i / 32 * 64 + i % 32;
    block.codes[i] = static_cast<std::uint8_t>((pair[0] & 15) | (pair[32] & 15) << 4);
  }
  return all_codes;
}

// ---- Groups around 0
// -------------------------------------------------------------------------------------------------

// The scales of 8 groups of 16 numbers with codes from -32 to 31. Sets the codes + 32; 0 where all numbers are 0.
LaneValues best_scales(const Groups<16>& x, std::uint8_t* codes) {
  Lanes most = zeros(), largest = zeros();
  for (const Lanes value : x.numbers) {
    const Lanes larger = greater(absolute(value), most);
    most = chosen(larger, absolute(value), most);
    largest = chosen(larger, value, largest);
  }
  const Lanes is_zero = greater(all(kZero), most);
  Lanes scale = zeros(), best = zeros(), best_per_unit = all(-32) / largest;
  // The weights of the error are the squares of the numbers. The first of these steps is the one without a change.
  constexpr std::array<int, 19> kSteps{0, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (const int step : kSteps) {
    const Lanes per_unit = all(-(32 + 0.1f * static_cast<float>(step))) / largest;
    Lanes wlx = zeros(), wll = zeros();
    for (const Lanes value : x.numbers) {
      const Lanes code = nearest(per_unit * value, -32, 31), weight = value * value;
      wlx += weight * value * code;
      wll += weight * code * code;
    }
    const Lanes any_code = greater(wll, zeros());
    const Lanes better = step == 0 ? any_code : _mm256_and_ps(any_code, greater(wlx * wlx, best * wll));
    if (!any(better)) continue;
    scale = chosen(better, wlx / wll, scale);
    best = chosen(better, scale * wlx, best);
    best_per_unit = chosen(better, per_unit, best_per_unit);
  }
  Groups<16> best_codes;
  for (std::size_t i = 0; i < 16; ++i) {
    best_codes.numbers[i] = _mm256_andnot_ps(is_zero, nearest(best_per_unit * x.numbers[i], -32, 31) + all(32));
  }
  best_codes.store(codes);
  return values_of(_mm256_andnot_ps(is_zero, scale));
}

BlockQ6_K encode_block_q6_k(const float* x) {
  BlockQ6_K block{};
  Codes codes;
  std::array<float, 16> scales;
  for (std::size_t half = 0; half < 2; ++half) {
    const LaneValues of_half = best_scales(Groups<16>(x + 128 * half), codes.data() + 128 * half);
    std::copy(of_half.begin(), of_half.end(), scales.begin() + static_cast<std::ptrdiff_t>(kLanes * half));
  }
  const float largest =
      *std::max_element(scales.begin(), scales.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  if (std::fabs(largest) < kZero) return block;
  const float per_scale = -128 / largest;
  block.scale = to_half(1 / per_scale);
  for (std::size_t g = 0; g < 16; ++g) {
    block.scales[g] = static_cast<std::int8_t>(nearest(per_scale * scales[g], -128, 127));
    // The codes for the scale as it is stored.
    const float scale = half_to_float(block.scale) * static_cast<float>(block.scales[g]);
    if (scale == 0) continue;
    for (std::size_t i = 16 * g; i < 16 * (g + 1); ++i) {
      codes[i] = static_cast<std::uint8_t>(32 + nearest(x[i] / scale, -32, 31));
    }
  }
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint8_t* code = codes.data() + 128 * half;
    for (std::size_t j = 0; j < 64; ++j) {
      block.low[64 * half + j] = static_cast<std::uint8_t>((code[j] & 15) | (code[j + 64] & 15) << 4);
    }
    for (std::size_t j = 0; j < 32; ++j) {
      block.high[32 * half + j] = static_cast<std::uint8_t>(code[j] >> 4 | code[j + 32] >> 4 << 2 |
                                                            code[j + 64] >> 4 << 4 | code[j + 96] >> 4 << 6);
    }
  }
  return block;
}

}  // namespace

void encode_q4_k(const float* from, std::size_t n, std::byte* to) {
  for (std::size_t b = 0; b < n; ++b) {
    BlockQ4_K block{};
    encode_groups(from + b * kNumbers, kSearch4, block);
    std::memcpy(to + b * sizeof block, &block, sizeof block);
  }
}

void encode_q5_k(const float* from, std::size_t n, std::byte* to) {
  for (std::size_t b = 0; b < n; ++b) {
    BlockQ5_K block{};
    const Codes codes = encode_groups(from + b * kNumbers, kSearch5, block);
    for (std::size_t i = 0; i < kNumbers; ++i) {
      block.fifth[i % 32] |= static_cast<std::uint8_t>(codes[i] >> 4 << i / 32);
    }
    std::memcpy(to + b * sizeof block, &block, sizeof block);
  }
}

void encode_q6_k(const float* from, std::size_t n, std::byte* to) {
  for (std::size_t b = 0; b < n; ++b) {
    const BlockQ6_K block = encode_block_q6_k(from + b * kNumbers);
    std::memcpy(to + b * sizeof block, &block, sizeof block);
  }
}

}  // namespace matinee
