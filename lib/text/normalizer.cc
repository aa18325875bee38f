#include "lib/text/normalizer.h"

#include <utf8proc.h>

#include <algorithm>

#include "lib/text/utf8.h"

namespace matinee {
namespace {

std::string replaced(std::string_view text, std::string_view pattern, std::string_view content) {
  std::string out;
  for (std::size_t begin = 0;;) {
    const std::size_t found = pattern.empty() ? std::string_view::npos : text.find(pattern, begin);
    out += text.substr(begin, found - begin);
    if (found == std::string_view::npos) return out;
    out += content;
    begin = found + pattern.size();
  }
}

std::string lowercased(std::string_view text) {
  std::string out;
  for (std::size_t position = 0; position < text.size();) {
    const std::uint32_t c = decode_utf8(text, position);
    if (c >= kInvalidByte) {
      out += static_cast<char>(c - kInvalidByte);
    } else {
      append_utf8(out, static_cast<std::uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
    }
  }
  return out;
}

std::string stripped(std::string_view text, bool left, bool right) {
  std::size_t begin = text.size(), end = 0;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t start = position;
    if (character_class(decode_utf8(text, position)) == CharacterClass::kSpace) continue;
    begin = std::min(begin, start);
    end = position;
  }
  if (!left) begin = 0;
  if (!right) end = text.size();
  return begin < end ? std::string(text.substr(begin, end - begin)) : std::string();
}

std::string without_invalid_bytes(std::string text) {
  if (is_utf8(text)) return text;
  std::string out;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t begin = position;
    if (decode_utf8(text, position) >= kInvalidByte) {
      out += "\xEF\xBF\xBD";
    } else {
      out.append(text, begin, position - begin);
    }
  }
  return out;
}

std::string with_single_spaces(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace

std::string normalize_text(const std::vector<NormalizerStep>& steps, std::string_view text, bool prefix) {
  using Kind = NormalizerStep::Kind;
  std::string out(text);
  for (const NormalizerStep& step : steps) {
    switch (step.kind) {
      case Kind::kNfc:
        out = normalize_utf8(out, NormalizationForm::kNfc);
        break;
      case Kind::kNfd:
        out = normalize_utf8(out, NormalizationForm::kNfd);
        break;
      case Kind::kNfkc:
        out = normalize_utf8(out, NormalizationForm::kNfkc);
        break;
      case Kind::kNfkd:
        out = normalize_utf8(out, NormalizationForm::kNfkd);
        break;
      case Kind::kLowercase:
        out = lowercased(out);
        break;
      case Kind::kPrepend:
        if (prefix && !out.empty()) out.insert(0, step.content);
        break;
      case Kind::kReplace:
        out = replaced(out, step.pattern, step.content);
        break;
      case Kind::kStrip:
        out = stripped(out, step.left, step.right);
        break;
      case Kind::kReplaceInvalid:
        out = without_invalid_bytes(out);
        break;
      case Kind::kSingleSpaces:
        out = with_single_spaces(out);
        break;
    }
  }
  return out;
}

}  // namespace matinee
