#pragma once

#include <array>
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

/// The character at `position`, which moves behind it. A byte that begins no valid character is consumed alone and
/// comes back as kInvalidByte + byte, so that any bytes can be walked over. Requires position < text.size().
std::uint32_t decode_utf8(std::string_view text, std::size_t& position);

/// Appends the UTF-8 form of a code point below 0x110000.
void append_utf8(std::string& out, std::uint32_t code_point);

/// Bytes at the end of `text` that are the beginning of a character whose rest may still come (0 to 3).
std::size_t incomplete_utf8_suffix(std::string_view text);

/// The classes that split patterns tell apart: \p{L}, \p{N}, \s (White_Space) and everything else.
enum class CharacterClass : std::uint8_t { kOther, kLetter, kNumber, kSpace };

inline constexpr std::array<CharacterClass, 128> kAsciiClasses = [] {
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
}();

/// Class of a code point or of kInvalidByte + byte (kOther). Categories are utf8proc's.
CharacterClass wide_character_class(std::uint32_t code_point);
inline CharacterClass character_class(std::uint32_t code_point) {
  return code_point < 128 ? kAsciiClasses[code_point] : wide_character_class(code_point);
}

/// Class of the character at `position`; `after` is where the next one begins.
inline CharacterClass character_class_at(std::string_view text, std::size_t position, std::size_t& after) {
  const auto byte = static_cast<unsigned char>(text[position]);
  after = position;
  if (byte < 0x80) {
    ++after;
    return character_class(byte);
  }
  return character_class(decode_utf8(text, after));
}

enum class NormalizationForm : std::uint8_t { kNfc, kNfd, kNfkc, kNfkd };

/// True where a look at the bytes shows that NFC changes nothing: characters below U+0300 and from U+4000 to U+9FFF
/// neither decompose into others that stay apart nor join what is before them.
bool is_surely_nfc(std::string_view text);

/// A Unicode normalization form of `text`, by the tables of Unicode 9, as Hugging Face's tokenizers has it. Invalid
/// bytes are kept as they are; the valid runs between them are normalized each for itself.
std::string normalize_utf8(std::string_view text, NormalizationForm form);

}  // namespace matinee
