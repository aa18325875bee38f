#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace matinee {

/// Whether `offsets` ascend (not strictly) from 0 to `size`, as the offsets of a string or list column do.
inline bool are_offsets(std::span<const std::int64_t> offsets, std::int64_t size) {
  if (offsets.empty() || offsets.front() != 0 || offsets.back() != size) return false;
  // Without an early exit the compiler vectorizes the loop.
  std::int64_t descents = 0;
  for (std::size_t i = 1; i < offsets.size(); ++i) descents += offsets[i] < offsets[i - 1] ? 1 : 0;
  return descents == 0;
}

/// Whether all values are in [0, limit).
inline bool are_indices(std::span<const std::int32_t> values, std::int32_t limit) {
  std::uint32_t largest = 0;  // a negative value is a large one
  for (const std::int32_t value : values) largest = std::max(largest, static_cast<std::uint32_t>(value));
  return values.empty() || (limit > 0 && largest < static_cast<std::uint32_t>(limit));
}

}  // namespace matinee
