#pragma once

// Collects the best k rows of one query on the CPU.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <limits>

namespace matinee {

/// A score and a row in one number: better rows have higher keys, and no two rows have the same key.
using TopkKey = std::uint64_t;

/// `score` is not NaN. -0 equals 0.
inline TopkKey key_of(float score, std::int32_t row) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0f);
  const std::uint32_t ordered = (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
  return TopkKey{ordered} << 32 | ~static_cast<std::uint32_t>(row);
}
inline float score_of(TopkKey key) {
  const auto ordered = static_cast<std::uint32_t>(key >> 32);
  return std::bit_cast<float>((ordered & 0x80000000u) != 0 ? ordered & 0x7fffffffu : ~ordered);
}
inline std::int32_t row_of(TopkKey key) { return static_cast<std::int32_t>(~static_cast<std::uint32_t>(key)); }

/// Rows go into a buffer. When it is full, the k best are kept, and the worst of them is the threshold that most others
/// fail.
class TopkCollector {
 public:
  /// Keys that make cuts rare.
  static std::int64_t capacity_for(std::int64_t k) { return 2 * k + 128; }

  /// `keys` has capacity_for(k) places.
  TopkCollector(TopkKey* keys, std::int64_t k) : keys_(keys), k_(k) {}

  /// Rows with a lower score need not be added.
  float threshold() const { return threshold_; }
  /// Where `threshold` is reached by k rows that may be added to another collector.
  void raise(float threshold) { threshold_ = std::max(threshold_, threshold); }
  /// Returns whether the buffer is full; then cut() must follow.
  bool add(float score, std::int32_t row) {
    keys_[size_++] = key_of(score, row);
    return size_ == capacity_for(k_);
  }
  void cut() {
    std::nth_element(keys_, keys_ + k_ - 1, keys_ + size_, std::greater<>());
    size_ = k_;
    raise(score_of(keys_[k_ - 1]));
  }
  const TopkKey* begin() const { return keys_; }
  const TopkKey* end() const { return keys_ + size_; }

 private:
  TopkKey* keys_;
  std::int64_t k_, size_ = 0;
  float threshold_ = -std::numeric_limits<float>::infinity();
};

}  // namespace matinee
