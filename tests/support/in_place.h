#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "kernels/device_buffer.h"

namespace matinee {

/// The numbers of a buffer in host memory, to be read and changed in place.
template <class T>
std::span<T> in_place(DeviceSpan<T>& buffer) {
  return {buffer.data(), buffer.size()};
}
template <class T>
std::span<const T> in_place(const DeviceSpan<T>& buffer) {
  return {buffer.data(), buffer.size()};
}

/// Uploads `values` to the start of the buffer.
template <class T>
void set_values(DeviceSpan<T>& buffer, const std::vector<T>& values) {
  buffer.upload(std::span<const T>(values));
}

}  // namespace matinee
