#include "lib/prompt/template_pattern.h"

#include <algorithm>

#include "lib/base/format_error.h"
#include "lib/text/unicode.h"

namespace matinee {
namespace {

// str.isspace: Unicode's white space and the four separators of ASCII.
bool is_python_space(std::uint32_t c) {
  return (c >= 0x1C && c <= 0x1F) || character_class(c) == CharacterClass::kSpace;
}

// "{user|trim}" at the start of `text`.
PatternPart place_at(std::string_view text, std::size_t& size) {
  size = text.find('}') + 1;
  const std::string_view place = text.substr(1, size - 2);
  if (place == "bos") return {PatternPart::Kind::kBos};
  if (place == "eos") return {PatternPart::Kind::kEos};
  const std::size_t bar = std::min(place.find('|'), place.size());
  const std::string_view name = place.substr(0, bar), filter = place.substr(bar);
  if (name != "system" && name != "user" && name != "reply")
    throw internal_error("a prompt template has the unknown place {{{}}}", place);
  return {PatternPart::Kind::kMessage, name,
          filter == "|trim"    ? PatternPart::Trim::kBoth
          : filter == "|rtrim" ? PatternPart::Trim::kRight
                               : PatternPart::Trim::kNone};
}

}  // namespace

std::vector<PatternPart> pattern_parts(std::string_view pattern, std::span<const std::string_view> marks) {
  std::vector<PatternPart> parts;
  const auto add_text = [&](std::string_view text) {
    if (!text.empty()) parts.push_back({PatternPart::Kind::kText, text});
  };
  std::size_t text = 0;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::string_view rest = pattern.substr(at);
    const auto mark = std::find_if(marks.begin(), marks.end(), [&](std::string_view m) { return rest.starts_with(m); });
    std::size_t size = 0;
    PatternPart part;
    if (mark != marks.end()) {
      part = {PatternPart::Kind::kMark, *mark};
      size = mark->size();
    } else if (rest[0] == '{') {
      part = place_at(rest, size);
    } else {
      ++at;
      continue;
    }
    add_text(pattern.substr(text, at - text));
    parts.push_back(part);
    at += size;
    text = at;
  }
  add_text(pattern.substr(text));
  return parts;
}

std::string_view trimmed(std::string_view text, PatternPart::Trim trim) {
  if (trim == PatternPart::Trim::kNone) return text;
  const std::string_view whole = text;
  std::size_t begin = whole.size(), end = 0;  // of what is not white space
  for (std::size_t at = 0; at < whole.size();) {
    const std::size_t from = at;
    if (is_python_space(decode_utf8(whole, at))) continue;
    begin = std::min(begin, from);
    end = at;
  }
  if (trim == PatternPart::Trim::kRight) return whole.substr(0, end);
  return begin >= end ? std::string_view() : whole.substr(begin, end - begin);
}

}  // namespace matinee
