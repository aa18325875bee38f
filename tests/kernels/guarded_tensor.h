#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace matinee {

/// A float32 tensor with a guard before and after it, so that a write outside is seen without a sanitizer. `misalign`
/// floats push its start off the alignment that an allocation has.
class GuardedTensor {
 public:
  GuardedTensor(const std::vector<float>& values, std::size_t misalign)
      : size_(values.size()), start_(kGuard + misalign), memory_(start_ + size_ + kGuard, guard_value()) {
    std::copy(values.begin(), values.end(), data());
  }

  float* data() { return memory_.data() + start_; }
  const float* data() const { return memory_.data() + start_; }
  std::vector<float> values() const { return {data(), data() + size_}; }

  bool guards_unchanged() const {
    const float expected = guard_value();
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      const bool guard = i < start_ || i >= start_ + size_;
      if (guard && std::memcmp(&memory_[i], &expected, sizeof expected) != 0) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kGuard = 256;
  static float guard_value() {
    const std::uint32_t bits = 0x7fa5a5a5;  // a NaN, so that a value read from here shows too
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  std::size_t size_, start_;
  std::vector<float> memory_;
};

}  // namespace matinee
