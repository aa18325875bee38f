#pragma once

#include <string>
#include <string_view>

namespace matinee {

/// The text in one line: one space for each run of spaces and control characters, none at the start.
inline std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= ' ' || c == '\x7F';
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  return line;
}

}  // namespace matinee
