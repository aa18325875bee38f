#include "lib/text/utf8.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

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

namespace {

CharacterClass class_of_category(std::uint32_t c) {
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

// Of the first 65,536 code points, filled at the first look.
const std::array<CharacterClass, 0x10000>& plane_classes() {
  static const auto classes = [] {
    auto all = std::make_unique<std::array<CharacterClass, 0x10000>>();
    for (std::uint32_t c = 0; c < 0x10000; ++c) (*all)[c] = c < 128 ? kAsciiClasses[c] : class_of_category(c);
    return all;
  }();
  return *classes;
}

}  // namespace

CharacterClass wide_character_class(std::uint32_t c) {
  static const std::array<CharacterClass, 0x10000>& classes = plane_classes();
  return c < 0x10000 ? classes[c] : class_of_category(c);
}

namespace {

struct CodePointRange {
  std::uint32_t first, last;
};

// Characters of after Unicode 9 that have a combining class or a decomposition. Hugging Face's tokenizers normalizes by
// the tables of Unicode 9 (its crate unicode-normalization-alignments 0.1.12), where these neither move, join nor fall
// apart; so they stay as they are here. Found by scripts/compare-tokenizers.
constexpr std::array<CodePointRange, 45> kYoung{
    {{0x7FD, 0x7FD},     {0x898, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},     {0xC3C, 0xC3C},
     {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x1715, 0x1715},   {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},
     {0x32FF, 0x32FF},   {0xA7F2, 0xA7F4},   {0xA82C, 0xA82C},   {0xAB69, 0xAB69},   {0x10781, 0x107BA},
     {0x10D24, 0x10D27}, {0x10EAB, 0x10EAC}, {0x10EFD, 0x10EFF}, {0x10F46, 0x10F50}, {0x10F82, 0x10F85},
     {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x1145E, 0x1145E}, {0x11839, 0x1183A}, {0x11930, 0x11930},
     {0x11938, 0x11938}, {0x1193D, 0x1193E}, {0x11943, 0x11943}, {0x119E0, 0x119E0}, {0x11A34, 0x11A34},
     {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11D42, 0x11D42}, {0x11D44, 0x11D45}, {0x11D97, 0x11D97},
     {0x11F41, 0x11F42}, {0x16FF0, 0x16FF1}, {0x1E030, 0x1E06D}, {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136},
     {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF}, {0x1F16C, 0x1F16C}, {0x1FBF0, 0x1FBF9}}};

bool is_young(std::uint32_t c) {
  if (c < kYoung.front().first) return false;
  const auto range = std::lower_bound(kYoung.begin(), kYoung.end(), c,
                                      [](const CodePointRange& r, std::uint32_t value) { return r.last < value; });
  return range != kYoung.end() && range->first <= c;
}

// The longest beginning of `text` without a byte that is no UTF-8 and without a young character; `stop` is how many
// bytes what ends it has.
std::size_t normalizable_prefix(std::string_view text, std::size_t& stop) {
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t begin = position;
    if (static_cast<unsigned char>(text[position]) < 0x80) {
      ++position;
      continue;
    }
    const std::uint32_t c = decode_utf8(text, position);
    stop = position - begin;
    if (c >= kInvalidByte || is_young(c)) return begin;
  }
  stop = 0;
  return text.size();
}

}  // namespace

bool is_surely_nfc(std::string_view text) {
  // The lead bytes of those characters, and all that is no lead byte; no branch within, so that it is done by vectors.
  unsigned other = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    other |= static_cast<unsigned>(byte >= 0xCC) & static_cast<unsigned>(byte < 0xE4 || byte > 0xE9);
  }
  return other == 0;
}

std::string normalize_utf8(std::string_view text, NormalizationForm form) {
  if (form == NormalizationForm::kNfc && is_surely_nfc(text)) return std::string(text);
  const bool compose = form == NormalizationForm::kNfc || form == NormalizationForm::kNfkc;
  const bool compatible = form == NormalizationForm::kNfkc || form == NormalizationForm::kNfkd;
  const auto options = static_cast<utf8proc_option_t>(
      UTF8PROC_STABLE | (compose ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE) | (compatible ? UTF8PROC_COMPAT : 0));
  std::string out;
  while (!text.empty()) {
    std::size_t stop = 0;
    const std::size_t valid = normalizable_prefix(text, stop);
    if (valid > 0) {
      utf8proc_uint8_t* normalized = nullptr;
      const auto size = utf8proc_map(bytes_of(text), static_cast<utf8proc_ssize_t>(valid), &normalized, options);
      if (size < 0) throw internal_error("normalizing text: {}", utf8proc_errmsg(size));
      out.append(reinterpret_cast<const char*>(normalized), static_cast<std::size_t>(size));
      std::free(normalized);
    }
    out += text.substr(valid, stop);
    text.remove_prefix(valid + stop);
  }
  return out;
}

}  // namespace matinee
