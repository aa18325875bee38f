#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace matinee {

/// The classes that split patterns tell apart: \p{L}, \p{N}, \s (White_Space) and everything else.
enum class CharacterClass : std::uint8_t { kOther, kLetter, kNumber, kSpace };

/// What the crate regex, which Hugging Face's tokenizers searches with, calls \w: letters, marks, decimal and letter
/// numbers, connecting punctuation, joiners. False for kInvalidByte + byte.
bool is_word_character(std::uint32_t code_point);

/// What is asked of every character of a text, in two looks at small tables: for the first 65,536 code points the
/// number of a block of 256 and the entry in it; equal blocks (all of CJK's) are stored once. Made at the first use,
/// from utf8proc's categories.
class CharacterTable {
 public:
  static const CharacterTable& instance() {
    static const CharacterTable table;
    return table;
  }

  /// Class of a code point or of kInvalidByte + byte (kOther).
  CharacterClass class_of(std::uint32_t c) const {
    return c < kPlane ? static_cast<CharacterClass>(entry(c) & kClassBits) : class_beyond(c);
  }
  /// True for a character that NFC leaves as it is whatever stands before it. Cautious: false says that it may not.
  bool nfc_keeps(std::uint32_t c) const { return c < kPlane ? (entry(c) & kNfcKeeps) != 0 : nfc_keeps_beyond(c); }

 private:
  static constexpr std::uint32_t kPlane = 0x10000;
  static constexpr std::uint8_t kClassBits = 3, kNfcKeeps = 4;
  using Block = std::array<std::uint8_t, 256>;

  CharacterTable();
  std::uint8_t entry(std::uint32_t c) const { return blocks_[block_of_[c >> 8]][c & 0xFF]; }
  static CharacterClass class_beyond(std::uint32_t c);
  static bool nfc_keeps_beyond(std::uint32_t c);

  std::array<std::uint8_t, 256> block_of_{};
  std::vector<Block> blocks_;
};

}  // namespace matinee
