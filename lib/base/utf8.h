#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace matinee {

/// Length of the longest prefix of `text` that is valid UTF-8 (Unicode 15, table 3-7: no surrogates, no overlong forms,
/// nothing above U+10FFFF); text.size() where all of it is.
std::size_t valid_utf8_prefix(std::string_view text);
inline bool is_utf8(std::string_view text) { return valid_utf8_prefix(text) == text.size(); }

/// What `decode_utf8` gives for a byte that begins no valid character: kInvalidByte + the byte.
constexpr std::uint32_t kInvalidByte = 0x110000;

/// A character and how many bytes spell it; 0 where no valid character begins.
struct DecodedCharacter {
  std::uint32_t code_point;
  std::size_t bytes;
};

/// The character that begins at s, of which `left` > 0 bytes may be read (Unicode 15, table 3-7).
inline DecodedCharacter decode_character(const unsigned char* s, std::size_t left) {
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
    const std::uint32_t c = (lead & 0x0F) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
    if (c < 0x800 || (c >= 0xD800 && c < 0xE000)) return {0, 0};
    return {c, 3};
  }
  if (lead > 0xF4 || left < 4 || !tail(s[1]) || !tail(s[2]) || !tail(s[3])) return {0, 0};
  const std::uint32_t c = (lead & 0x07) << 18 | (s[1] & 0x3Fu) << 12 | (s[2] & 0x3Fu) << 6 | (s[3] & 0x3Fu);
  if (c < 0x10000 || c >= kInvalidByte) return {0, 0};
  return {c, 4};
}

/// The character at `position`, which moves behind it. A byte that begins no valid character is consumed alone and
/// comes back as kInvalidByte + byte, so that any bytes can be walked over. Requires position < text.size().
inline std::uint32_t decode_utf8(std::string_view text, std::size_t& position) {
  const auto* s = reinterpret_cast<const unsigned char*>(text.data()) + position;
  const DecodedCharacter decoded = decode_character(s, text.size() - position);
  position += decoded.bytes == 0 ? 1 : decoded.bytes;
  return decoded.bytes == 0 ? kInvalidByte + s[0] : decoded.code_point;
}

/// Appends the UTF-8 form of a code point below 0x110000.
void append_utf8(std::string& out, std::uint32_t code_point);

/// Bytes at the end of `text` that are the beginning of a character whose rest may still come (0 to 3).
std::size_t incomplete_utf8_suffix(std::string_view text);

}  // namespace matinee
