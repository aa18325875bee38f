#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace matinee {

/// A part of a template's pattern (template_rows.h).
struct PatternPart {
  enum class Kind : std::uint8_t { kText, kMark, kBos, kEos, kMessage };
  enum class Trim : std::uint8_t { kNone, kBoth, kRight };
  Kind kind = Kind::kText;
  std::string_view text{};  ///< kText and kMark: the spelling; kMessage: "system", "user" or "reply"
  Trim trim = Trim::kNone;  ///< kMessage
};

/// The parts of `pattern`, in which `marks` stand for themselves. They point into `pattern`.
std::vector<PatternPart> pattern_parts(std::string_view pattern, std::span<const std::string_view> marks);

/// `text` without the white space that Python's str.strip removes, at its end or at both ends.
std::string_view trimmed(std::string_view text, PatternPart::Trim trim);

}  // namespace matinee
