#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "lib/base/file.h"

namespace matinee::testing {

/// Rewrites a safetensors file with a longer header, so that its data begins at an odd byte. The format allows this,
/// and some writers do not align.
inline void shift_to_odd_offsets(const std::string& path) {
  const std::string bytes = read_file(path);
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof(header));
  const std::string spaces(header % 2 == 0 ? 1 : 2, ' ');
  const std::uint64_t longer = header + spaces.size();
  std::string shifted(sizeof(longer), '\0');
  std::memcpy(shifted.data(), &longer, sizeof(longer));
  write_file(path, shifted + bytes.substr(8, header) + spaces + bytes.substr(8 + header));
}

}  // namespace matinee::testing
