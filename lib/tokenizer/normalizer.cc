#include "lib/tokenizer/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "lib/base/format_error.h"
#include "lib/text/unicode.h"

namespace matinee {
namespace {

// No real normalizer grows a text this much; replacements that match their own output would grow without bound.
std::size_t most_bytes(std::string_view text) { return 64 * text.size() + (std::size_t{1} << 16); }

std::string replaced(std::string_view text, std::string_view pattern, std::string_view content, std::size_t most) {
  std::string out;
  for (std::size_t begin = 0;;) {
    const std::size_t found = pattern.empty() ? std::string_view::npos : text.find(pattern, begin);
    out += text.substr(begin, found - begin);
    if (found == std::string_view::npos) return out;
    out += content;
    if (out.size() > most) throw bad_data("the normalizer's replacements make a text of more than {} bytes", most);
    begin = found + pattern.size();
  }
}

// Differences of Rust's char::to_lowercase from utf8proc: pairs of Unicode 16 and 17, and the one capital that becomes
// two characters.
void append_lower(std::string& out, std::uint32_t c) {
  struct Pairs {
    std::uint32_t first, last, lower;
  };
  static constexpr std::array<Pairs, 10> kNew{{{0x1C89, 0x1C89, 0x1C8A},
                                               {0xA7CB, 0xA7CB, 0x264},
                                               {0xA7CC, 0xA7CC, 0xA7CD},
                                               {0xA7CE, 0xA7CE, 0xA7CF},
                                               {0xA7D2, 0xA7D2, 0xA7D3},
                                               {0xA7D4, 0xA7D4, 0xA7D5},
                                               {0xA7DA, 0xA7DA, 0xA7DB},
                                               {0xA7DC, 0xA7DC, 0x19B},
                                               {0x10D50, 0x10D65, 0x10D70},
                                               {0x16EA0, 0x16EB8, 0x16EBB}}};
  for (const Pairs& pairs : kNew) {
    if (c >= pairs.first && c <= pairs.last) return append_utf8(out, c - pairs.first + pairs.lower);
  }
  if (c == 0x130) {
    out += "i\u0307";
  } else {
    append_utf8(out, static_cast<std::uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
  }
}

std::string lowercased(std::string_view text) {
  std::string out;
  for (std::size_t position = 0; position < text.size();) {
    const std::uint32_t c = decode_utf8(text, position);
    if (c >= kInvalidByte) {
      out += static_cast<char>(c - kInvalidByte);
    } else {
      append_lower(out, c);
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

std::string with_single_spaces(std::string_view text, std::string_view mark) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  }
  for (;;) {
    if (out.ends_with(' ')) {
      out.pop_back();
    } else if (!mark.empty() && out.ends_with(mark)) {
      out.resize(out.size() - mark.size());
    } else {
      return out;
    }
  }
}

}  // namespace

std::string normalize_text(const std::vector<NormalizerStep>& steps, std::string_view text, bool prefix) {
  using Kind = NormalizerStep::Kind;
  std::string out(text);
  for (const NormalizerStep& step : steps) {
    switch (step.kind) {
      case Kind::kNfc:
        if (!is_surely_nfc(out)) out = normalize_utf8(out, NormalizationForm::kNfc);
        break;
      case Kind::kNfd: out = normalize_utf8(out, NormalizationForm::kNfd); break;
      case Kind::kNfkc: out = normalize_utf8(out, NormalizationForm::kNfkc); break;
      case Kind::kNfkd: out = normalize_utf8(out, NormalizationForm::kNfkd); break;
      case Kind::kLowercase: out = lowercased(out); break;
      case Kind::kPrepend:
        if (prefix && !out.empty()) out.insert(0, step.content);
        break;
      case Kind::kReplace: out = replaced(out, step.pattern, step.content, most_bytes(text)); break;
      case Kind::kStrip: out = stripped(out, step.left, step.right); break;
      case Kind::kReplaceInvalid: out = without_invalid_bytes(out); break;
      case Kind::kSingleSpaces: out = with_single_spaces(out, step.content); break;
    }
  }
  return out;
}

}  // namespace matinee
