// Encoding of the block formats of 256 numbers, as llama.cpp's reference does without an importance matrix: each group
// tries some scales near the one that its largest number asks for, and keeps the one of the least weighted error.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>

#include "lib/io/gguf_block_layout.h"
#include "lib/io/gguf_blocks.h"

namespace matinee {
namespace {

constexpr std::size_t kNumbers = 256;
constexpr float kZero = 1e-15f;  // groups without a larger number are stored as zeros

// To the nearest, ties to even.
int nearest(float value, int least, int most) {
  // The comparisons come first, since a value may be too large for an int.
  if (!(value > static_cast<float>(least))) return least;
  return value < static_cast<float>(most) ? _mm_cvtss_si32(_mm_set_ss(value)) : most;
}

float square(float x) { return x * x; }

// ---- Groups above a minimum
// ------------------------------------------------------------------------------------------

using Group = std::span<const float, 32>;

// The scale and the (not positive) minimum of a group.
struct Fit {
  float scale = 0, minimum = 0;
};

// The weighted least squares of scale · code + minimum for given codes.
class CodeSums {
 public:
  CodeSums(Group x, const std::array<float, 32>& weights) : x_(x), weights_(weights) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      w_ += weights[i];
      wx_ += weights[i] * x[i];
    }
  }

  /// false: the codes are all the same.
  bool fit(const std::array<std::uint8_t, 32>& codes, Fit& fit) const {
    float wl = 0, wll = 0, wlx = 0;
    for (std::size_t i = 0; i < x_.size(); ++i) {
      const auto code = static_cast<float>(codes[i]);
      wl += weights_[i] * code;
      wll += weights_[i] * code * code;
      wlx += weights_[i] * code * x_[i];
    }
    const float determinant = w_ * wll - wl * wl;
    if (!(determinant > 0)) return false;
    fit.scale = (w_ * wlx - wx_ * wl) / determinant;
    fit.minimum = (wll * wx_ - wl * wlx) / determinant;
    if (fit.minimum > 0) fit = {wlx / wll, 0};
    return true;
  }

  float error(const std::array<std::uint8_t, 32>& codes, const Fit& fit) const {
    float sum = 0;
    for (std::size_t i = 0; i < x_.size(); ++i) {
      sum += weights_[i] * square(fit.scale * static_cast<float>(codes[i]) + fit.minimum - x_[i]);
    }
    return sum;
  }

 private:
  Group x_;
  const std::array<float, 32>& weights_;
  float w_ = 0, wx_ = 0;
};

// What is tried: `steps` + 1 scales for most + first, most + first + 0.1 ... codes in the range of the group.
struct Search {
  int most;
  float first;
  int steps;
};
constexpr Search kSearch4{15, -1, 20}, kSearch5{31, -0.5f, 15};

// Sets `codes`, too: those of the returned scale and minimum.
Fit best_fit(Group x, const Search& search, std::array<std::uint8_t, 32>& codes) {
  float squares = 0;
  for (const float value : x) squares += value * value;
  const float root_mean_square = std::sqrt(squares / static_cast<float>(x.size()));
  std::array<float, 32> weights;
  for (std::size_t i = 0; i < x.size(); ++i) weights[i] = root_mean_square + std::fabs(x[i]);

  const auto [least, largest] = std::minmax_element(x.begin(), x.end());
  Fit best{0, std::min(*least, 0.0f)};
  codes.fill(0);
  if (!(*largest > best.minimum)) return best;

  const CodeSums sums(x, weights);
  // The codes above the best minimum so far.
  const auto encode = [&](float per_unit, std::array<std::uint8_t, 32>& to) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      to[i] = static_cast<std::uint8_t>(nearest(per_unit * (x[i] - best.minimum), 0, search.most));
    }
  };
  const auto most = static_cast<float>(search.most);
  const float per_unit = most / (*largest - best.minimum);
  encode(per_unit, codes);
  best.scale = 1 / per_unit;
  float best_error = sums.error(codes, best);
  std::array<std::uint8_t, 32> tried;
  for (int step = 0; step <= search.steps; ++step) {
    encode((search.first + 0.1f * static_cast<float>(step) + most) / (*largest - best.minimum), tried);
    Fit fit;
    if (!sums.fit(tried, fit)) continue;
    const float error = sums.error(tried, fit);
    if (error < best_error) {
      codes = tried;
      best_error = error;
      best = fit;
    }
  }
  return best;
}

// Fills in scales and minimums of `block` and returns the codes of its 256 numbers.
template <class Block>
std::array<std::array<std::uint8_t, 32>, 8> encode_groups(const float* x, const Search& search, Block& block) {
  std::array<std::array<std::uint8_t, 32>, 8> codes;
  std::array<Fit, 8> fits;
  float most_scale = 0, most_depth = 0;  // the depth is the minimum without its sign
  for (std::size_t g = 0; g < 8; ++g) {
    fits[g] = best_fit(Group(x + 32 * g, 32), search, codes[g]);
    most_scale = std::max(most_scale, fits[g].scale);
    most_depth = std::max(most_depth, -fits[g].minimum);
  }
  const float per_scale = most_scale > 0 ? 63 / most_scale : 0, per_depth = most_depth > 0 ? 63 / most_depth : 0;
  for (std::size_t g = 0; g < 8; ++g) {
    block.scales.set(g, static_cast<std::uint8_t>(nearest(per_scale * fits[g].scale, 0, 63)),
                     static_cast<std::uint8_t>(nearest(per_depth * -fits[g].minimum, 0, 63)));
  }
  block.scale = to_half(most_scale / 63);
  block.minimum = to_half(most_depth / 63);
  // The codes for the scales as they are stored.
  for (std::size_t g = 0; g < 8; ++g) {
    const float scale = half_to_float(block.scale) * static_cast<float>(block.scales.scale(g));
    if (scale == 0) continue;
    const float depth = half_to_float(block.minimum) * static_cast<float>(block.scales.minimum(g));
    for (std::size_t i = 0; i < 32; ++i) {
      codes[g][i] = static_cast<std::uint8_t>(nearest((x[32 * g + i] + depth) / scale, 0, search.most));
    }
  }
  for (std::size_t g = 0; g < 8; g += 2) {
    for (std::size_t i = 0; i < 32; ++i) {
      block.codes[16 * g + i] = static_cast<std::uint8_t>((codes[g][i] & 15) | (codes[g + 1][i] & 15) << 4);
    }
  }
  return codes;
}

// ---- Groups around 0
// -------------------------------------------------------------------------------------------------

// Sums of a group of 16 numbers for one scale: the weights are the squares of the numbers.
struct CenteredSums {
  float wlx = 0, wll = 0;

  CenteredSums(const float* x, float per_unit) {
    for (std::size_t i = 0; i < 16; ++i) {
      const auto code = static_cast<float>(nearest(per_unit * x[i], -32, 31));
      const float weight = x[i] * x[i];
      wlx += weight * x[i] * code;
      wll += weight * code * code;
    }
  }
};

// The scale of a group of 16 numbers with codes from -32 to 31. Sets the codes + 32.
float best_scale(const float* x, std::uint8_t* codes) {
  float most = 0, largest = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (std::fabs(x[i]) > most) {
      most = std::fabs(x[i]);
      largest = x[i];
    }
  }
  std::fill(codes, codes + 16, std::uint8_t{0});
  if (most < kZero) return 0;
  const auto encode = [&](float per_unit) {
    for (std::size_t i = 0; i < 16; ++i) codes[i] = static_cast<std::uint8_t>(32 + nearest(per_unit * x[i], -32, 31));
  };
  const float first = -32 / largest;
  encode(first);
  const CenteredSums sums(x, first);
  float scale = sums.wll != 0 ? sums.wlx / sums.wll : 0, best = scale * sums.wlx;
  for (int step = -9; step <= 9; ++step) {
    if (step == 0) continue;
    const float per_unit = -(32 + 0.1f * static_cast<float>(step)) / largest;
    const CenteredSums tried(x, per_unit);
    if (tried.wll > 0 && tried.wlx * tried.wlx > best * tried.wll) {
      encode(per_unit);
      scale = tried.wlx / tried.wll;
      best = scale * tried.wlx;
    }
  }
  return scale;
}

BlockQ6_K encode_block_q6_k(const float* x) {
  BlockQ6_K block{};
  std::array<std::uint8_t, kNumbers> codes;
  std::array<float, 16> scales;
  float most = 0, largest = 0;
  for (std::size_t g = 0; g < 16; ++g) {
    scales[g] = best_scale(x + 16 * g, codes.data() + 16 * g);
    if (std::fabs(scales[g]) > most) {
      most = std::fabs(scales[g]);
      largest = scales[g];
    }
  }
  if (most < kZero) return block;
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
    const auto codes = encode_groups(from + b * kNumbers, kSearch5, block);
    for (std::size_t g = 0; g < 8; ++g) {
      for (std::size_t i = 0; i < 32; ++i) block.fifth[i] |= static_cast<std::uint8_t>(codes[g][i] >> 4 << g);
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
