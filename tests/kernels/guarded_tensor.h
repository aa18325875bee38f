#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "kernels/device_buffer.h"

namespace matinee {

/// A float32 tensor in a device's memory with a guard before and after it, which finds writes out of bounds without a
/// sanitizer. `misalign` floats shift its start from the alignment of an allocation.
class GuardedTensor {
 public:
  GuardedTensor(const std::shared_ptr<DeviceAllocator>& allocator, const std::vector<float>& values,
                std::size_t misalign)
      : size_(values.size()), start_(kGuard + misalign) {
    std::vector<float> all(start_ + size_ + kGuard, guard_value());
    std::copy(values.begin(), values.end(), all.begin() + static_cast<std::ptrdiff_t>(start_));
    allocator_ = DeviceBuffer<float>(allocator, std::span<const float>(all));
  }

  float* data() { return allocator_.data() + start_; }
  std::vector<float> values() const {
    std::vector<float> result(size_);
    if (size_ > 0) allocator_.download(result, start_);
    return result;
  }

  bool guards_unchanged() const {
    const float expected = guard_value();
    const std::vector<float> all = allocator_.values();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool guard = i < start_ || i >= start_ + size_;
      if (guard && std::memcmp(&all[i], &expected, sizeof expected) != 0) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kGuard = 256;
  static float guard_value() {
    const std::uint32_t bits = 0x7fa5a5a5;  // a NaN, so that reads out of bounds show too
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  std::size_t size_, start_;
  DeviceBuffer<float> allocator_;
};

}  // namespace matinee
