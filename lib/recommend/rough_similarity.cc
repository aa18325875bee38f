#include "lib/recommend/rough_similarity.h"

#include <immintrin.h>

#include <algorithm>
#include <cmath>

namespace matinee {
namespace {

constexpr std::size_t kLanes = 16;
constexpr float kLargestRow = 127, kLargestQuery = 32767;

float largest(std::span<const float> values) {
  float most = 0;
  for (const float value : values) most = std::max(most, std::abs(value));
  return most;
}

float length(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return static_cast<float>(std::sqrt(sum));
}

// Σ a[i]·b[i]. 32 bits are enough for some thousand elements of which most are not the largest.
std::int32_t inner_product(const std::int16_t* a, const std::int8_t* b, std::size_t n) {
  __m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
  for (std::size_t i = 0; i < n; i += kLanes) {
    const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a + i));
    const __m256i y = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(b + i)));
    __m256i& sum = sums[i / kLanes % 2];
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(x, y));
  }
  const __m256i both = _mm256_add_epi32(sums[0], sums[1]);
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
  return _mm_cvtsi128_si32(half);
}

}  // namespace

RoughSimilarity::RoughSimilarity(const MovieVectorView& view)
    : dim_(static_cast<std::size_t>(view.dim())),
      width_((kVectorKinds * dim_ + kLanes - 1) / kLanes * kLanes),
      rows_(static_cast<std::size_t>(view.size()) * width_),
      steps_(static_cast<std::size_t>(view.size())) {
  std::vector<float> residual(dim_);
  for (MovieId movie = 0; movie < view.size(); ++movie) {
    const auto at = static_cast<std::size_t>(movie);
    float most = 0;
    for (int kind = 0; kind < kVectorKinds; ++kind)
      most = std::max(most, largest(view.row(static_cast<VectorKind>(kind), movie)));
    if (most == 0) continue;
    const float step = steps_[at] = most / kLargestRow;
    std::int8_t* rounded = rows_.data() + at * width_;
    for (std::size_t kind = 0; kind < kVectorKinds; ++kind) {
      const auto row = view.row(static_cast<VectorKind>(kind), movie);
      for (std::size_t i = 0; i < dim_; ++i) {
        const float value = std::nearbyint(row[i] / step);
        residual[i] = row[i] - value * step;
        *rounded++ = static_cast<std::int8_t>(value);
      }
      residuals_[kind] = std::max(residuals_[kind], length(residual));
    }
  }
}

// |q·r - q'·r'| <= |q·(r - r')| + |(q - q')·r'|, where q' and r' are rounded; each is at most the product of lengths.
float RoughSimilarity::add(std::span<const float> query, std::span<const MovieId> movies,
                           std::span<float> scores) const {
  const float most = largest(query);
  if (most == 0) return 0;
  // The largest product of a row must not overflow the sum of all.
  const float step = most / (width_ <= 512 ? kLargestQuery : kLargestRow);
  std::vector<std::int16_t> rounded(width_);
  for (std::size_t i = 0; i < query.size(); ++i)
    rounded[i] = static_cast<std::int16_t>(std::nearbyint(query[i] / step));
  for (std::size_t i = 0; i < movies.size(); ++i) {
    const auto at = static_cast<std::size_t>(movies[i]);
    scores[i] +=
        step * steps_[at] * static_cast<float>(inner_product(rounded.data(), rows_.data() + at * width_, width_));
  }
  float error = 0;
  for (std::size_t kind = 0; kind < kVectorKinds; ++kind) {
    const float long_is = length(query.subspan(kind * dim_, dim_));
    error += long_is * residuals_[kind] + 1e-4f * long_is;  // and of the float32 sums
  }
  // Rows of three vectors of length 1 are at most √3 long, with rounding 1.8.
  return error + 1.8f * step / 2 * std::sqrt(static_cast<float>(width_)) + 1e-4f;
}

}  // namespace matinee
