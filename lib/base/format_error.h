#pragma once

#include <fmt/core.h>

#include <utility>

#include "lib/base/error.h"

namespace matinee {

/// Builders of an Error with an fmt-formatted message: `throw bad_data("expected a year or \\N, found \"{}\"", text);`
template <class... Args>
Error usage_error(fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorCode::kUsage, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
Error bad_data(fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorCode::kBadData, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
Error missing(fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorCode::kMissing, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
Error resource_error(fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorCode::kResource, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
Error device_error(fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorCode::kDevice, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
Error internal_error(fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorCode::kInternal, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace matinee
