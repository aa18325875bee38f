#include "lib/text/utf8.h"

#include <utf8proc.h>

#include <array>
#include <cstdlib>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

struct Decoded {
  std::uint32_t code_point;
  std::size_t bytes;  // 0 where no valid character begins
};

Decoded decode_one(const unsigned char* s, std::size_t left) {
  const unsigned lead = s[0];
  if (lead < 0x80) return {lead, 1};
  const auto tail = [](unsigned char c) { return (c & 0xC0) == 0x80; };
  if (lead < 0xC2) return {0, 0};
  if (lead < 0xE0) {
    if (left < 2 || !tail(s[1])) return {0, 0};
    return {(lead & 0x1F) << 6 | (s[1] & 0x3Fu), 2};
  }
  if (lead < 0xF0) {
    if (left < 3 || !tail(s[1]) || !tail(s[2])) return {0, 0};
    if ((lead == 0xE0 && s[1] < 0xA0) || (lead == 0xED && s[1] > 0x9F)) return {0, 0};
    return {(lead & 0x0F) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu), 3};
  }
  if (lead > 0xF4 || left < 4 || !tail(s[1]) || !tail(s[2]) || !tail(s[3])) return {0, 0};
  if ((lead == 0xF0 && s[1] < 0x90) || (lead == 0xF4 && s[1] > 0x8F)) return {0, 0};
  return {(lead & 0x07) << 18 | (s[1] & 0x3Fu) << 12 | (s[2] & 0x3Fu) << 6 | (s[3] & 0x3Fu), 4};
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

constexpr std::array<CharacterClass, 128> ascii_classes() {
  std::array<CharacterClass, 128> classes{};
  for (int c = 0; c < 128; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool space = c == ' ' || (c >= 9 && c <= 13);
    classes[static_cast<std::size_t>(c)] = letter                 ? CharacterClass::kLetter
                                           : c >= '0' && c <= '9' ? CharacterClass::kNumber
                                           : space                ? CharacterClass::kSpace
                                                                  : CharacterClass::kOther;
  }
  return classes;
}
constexpr auto kAsciiClasses = ascii_classes();

// White_Space of PropList.txt above ASCII.
bool is_wide_space(std::uint32_t c) {
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) {
  const unsigned char* s = bytes_of(text);
  std::size_t position = 0;
  while (position < text.size()) {
    if (s[position] < 0x80) {
      ++position;
      continue;
    }
    const Decoded decoded = decode_one(s + position, text.size() - position);
    if (decoded.bytes == 0) break;
    position += decoded.bytes;
  }
  return position;
}

std::uint32_t decode_utf8(std::string_view text, std::size_t& position) {
  const unsigned char* s = bytes_of(text) + position;
  const Decoded decoded = decode_one(s, text.size() - position);
  if (decoded.bytes == 0) {
    ++position;
    return kInvalidByte + s[0];
  }
  position += decoded.bytes;
  return decoded.code_point;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto tail = [&](std::uint32_t bits) { out += static_cast<char>(0x80 | (bits & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    tail(c);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    tail(c >> 6);
    tail(c);
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    tail(c >> 12);
    tail(c >> 6);
    tail(c);
  }
}

std::size_t incomplete_utf8_suffix(std::string_view text) {
  const unsigned char* s = bytes_of(text);
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const unsigned char* lead = s + text.size() - back;
    if (*lead < 0x80) return 0;
    if (*lead < 0xC0) continue;
    const std::size_t wanted = *lead < 0xC2 ? 0 : *lead < 0xE0 ? 2 : *lead < 0xF0 ? 3 : *lead < 0xF5 ? 4 : 0;
    if (wanted <= back) return 0;
    // The second byte's narrower range decides whether this can still become a character.
    if (back >= 2) {
      const unsigned char whole[4] = {lead[0], lead[1], back == 3 ? lead[2] : static_cast<unsigned char>(0x80), 0x80};
      if (decode_one(whole, wanted).bytes == 0) return 0;
    }
    return back;
  }
  return 0;
}

CharacterClass character_class(std::uint32_t c) {
  if (c < 128) return kAsciiClasses[c];
  if (c >= kInvalidByte) return CharacterClass::kOther;
  if (is_wide_space(c)) return CharacterClass::kSpace;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharacterClass::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharacterClass::kNumber;
    default:
      return CharacterClass::kOther;
  }
}

std::string normalize_utf8(std::string_view text, NormalizationForm form) {
  const bool compose = form == NormalizationForm::kNfc || form == NormalizationForm::kNfkc;
  const bool compatible = form == NormalizationForm::kNfkc || form == NormalizationForm::kNfkd;
  const auto options = static_cast<utf8proc_option_t>(
      UTF8PROC_STABLE | (compose ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE) | (compatible ? UTF8PROC_COMPAT : 0));
  std::string out;
  while (!text.empty()) {
    const std::size_t valid = valid_utf8_prefix(text);
    if (valid > 0) {
      utf8proc_uint8_t* normalized = nullptr;
      const auto size = utf8proc_map(bytes_of(text), static_cast<utf8proc_ssize_t>(valid), &normalized, options);
      if (size < 0) throw internal_error("normalizing text: {}", utf8proc_errmsg(size));
      out.append(reinterpret_cast<const char*>(normalized), static_cast<std::size_t>(size));
      std::free(normalized);
    }
    if (valid < text.size()) out += text[valid];
    text.remove_prefix(valid < text.size() ? valid + 1 : valid);
  }
  return out;
}

}  // namespace matinee
