#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/utf8.h"
#include "lib/text/character_table.h"

namespace matinee {

/// The class of each ASCII character (character_table.h).
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

/// Class of a code point or of kInvalidByte + byte (kOther).
inline CharacterClass character_class(std::uint32_t code_point) {
  return code_point < 128 ? kAsciiClasses[code_point] : CharacterTable::instance().class_of(code_point);
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

/// True where each character is one that NFC leaves as it is whatever stands before it. Cautious: false says that it
/// may change something.
bool is_surely_nfc(std::string_view text);

/// True for characters of after Unicode 9 that have a combining class or a decomposition; normalize_utf8 leaves them.
bool is_normalized_as_unassigned(std::uint32_t code_point);

/// A Unicode normalization form of `text`, by the tables of Unicode 9, as Hugging Face's tokenizers has it. Invalid
/// bytes are kept as they are; the valid runs between them are normalized each for itself.
std::string normalize_utf8(std::string_view text, NormalizationForm form);

}  // namespace matinee
