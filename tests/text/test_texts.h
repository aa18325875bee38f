#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/text/unicode.h"
#include "lib/tokenizer/tokenizer.h"

namespace matinee::testing {

/// Characters of many scripts, spaces, apostrophes, digits, combining marks and emoji; valid UTF-8.
inline std::string random_text(Random& random, std::size_t characters) {
  static const std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges = {
      {0x20, 0x7E},     {0x20, 0x7E},     {0x61, 0x7A},     {0x61, 0x7A},     {0x30, 0x39},       {0x20, 0x20},
      {0x20, 0x20},     {0x27, 0x27},     {0x09, 0x0D},     {0x00, 0x1F},     {0x80, 0x24F},      {0x300, 0x36F},
      {0x400, 0x45F},   {0x5D0, 0x6FF},   {0x900, 0x97F},   {0x1680, 0x1680}, {0x2000, 0x206F},   {0x2150, 0x218F},
      {0x3000, 0x30FF}, {0x4E00, 0x4E80}, {0xAC00, 0xAC80}, {0xFE00, 0xFEFF}, {0x1F300, 0x1F64F}, {0x10FFF0, 0x10FFFF}};
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) {
    const auto [low, high] = random.pick(ranges);
    append_utf8(text, low + static_cast<std::uint32_t>(random.below(high - low + 1)));
  }
  return text;
}

inline std::string random_bytes(Random& random, std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(random.below(256));
  return bytes;
}

}  // namespace matinee::testing
