#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "kernels/device_buffer.h"

namespace matinee {

/// The numbers of a buffer in the host's memory, to be read and changed where they are.
template <class T>
std::span<T> in_place(DeviceSpan<T>& buffer) {
  return {buffer.data(), buffer.size()};
}
template <class T>
std::span<const T> in_place(const DeviceSpan<T>& buffer) {
  return {buffer.data(), buffer.size()};
}

/// Overwrites as many numbers as there are.
template <class T>
void set_values(DeviceSpan<T>& buffer, const std::vector<T>& values) {
  buffer.upload(std::span<const T>(values));
}

}  // namespace matinee
