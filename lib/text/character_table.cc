#include "lib/text/character_table.h"

#include <utf8proc.h>

#include <algorithm>
#include <span>

#include "lib/text/unicode.h"

namespace matinee {
namespace {

// White_Space of PropList.txt above ASCII.
bool is_wide_space(std::uint32_t c) {
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

CharacterClass class_of_category(std::uint32_t c) {
  if (c < kAsciiClasses.size()) return kAsciiClasses[c];
  if (c >= kInvalidByte) return CharacterClass::kOther;
  if (is_wide_space(c)) return CharacterClass::kSpace;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return CharacterClass::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return CharacterClass::kNumber;
    default: return CharacterClass::kOther;
  }
}

bool is_hangul_vowel_or_tail(std::uint32_t c) { return c >= 0x1160 && c < 0x1200; }
bool is_hangul_syllable(std::uint32_t c) { return c >= 0xAC00 && c < 0xD7A4; }

// The canonical decomposition of one character; itself where there is none.
std::span<const utf8proc_int32_t> decomposed(std::uint32_t c, std::array<utf8proc_int32_t, 32>& buffer) {
  int boundary = 0;
  const auto size = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), buffer.data(), buffer.size(),
                                            UTF8PROC_DECOMPOSE, &boundary);
  return std::span(buffer).first(size > 0 ? static_cast<std::size_t>(size) : 0);
}

// The characters of the first plane that NFC never changes: without combining class, equal to their composed form, and
// never the second of a pair that composes (found in all decompositions).
std::vector<bool> kept_by_nfc(std::uint32_t plane) {
  std::vector<bool> kept(plane, true);
  std::array<utf8proc_int32_t, 32> buffer{};
  for (std::uint32_t c = 0; c < plane; ++c) {
    const utf8proc_property_t* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
    if (property->combining_class != 0 || is_hangul_vowel_or_tail(c) || is_normalized_as_unassigned(c)) kept[c] = false;
    if (is_hangul_syllable(c) || property->decomp_seqindex == UINT16_MAX) continue;
    const auto parts = decomposed(c, buffer);
    if (parts.size() == 1 && parts[0] == static_cast<utf8proc_int32_t>(c)) continue;
    for (const utf8proc_int32_t part : parts.subspan(std::min<std::size_t>(1, parts.size())))
      if (part < static_cast<utf8proc_int32_t>(plane)) kept[static_cast<std::size_t>(part)] = false;
    std::string alone;
    append_utf8(alone, c);
    if (normalize_utf8(alone, NormalizationForm::kNfc) != alone) kept[c] = false;
  }
  return kept;
}

}  // namespace

bool is_word_character(std::uint32_t c) {
  if (c >= kInvalidByte) return false;
  // Joiners, and letters in circles and squares, which are symbols by category but alphabetic.
  if (c == 0x200C || c == 0x200D || (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
      (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189))
    return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC: return true;
    default: return class_of_category(c) == CharacterClass::kLetter;
  }
}

CharacterTable::CharacterTable() {
  const std::vector<bool> kept = kept_by_nfc(kPlane);
  for (std::uint32_t first = 0; first < kPlane; first += 256) {
    Block block{};
    for (std::uint32_t c = first; c < first + 256; ++c)
      block[c - first] = static_cast<std::uint8_t>(class_of_category(c)) | (kept[c] ? kNfcKeeps : 0);
    const auto same = std::find(blocks_.begin(), blocks_.end(), block);
    block_of_[first >> 8] = static_cast<std::uint8_t>(same - blocks_.begin());
    if (same == blocks_.end()) blocks_.push_back(block);
  }
}

CharacterClass CharacterTable::class_beyond(std::uint32_t c) { return class_of_category(c); }

// Pictographs and the later CJK ideographs; text of other scripts beyond the first plane takes the slow path.
bool CharacterTable::nfc_keeps_beyond(std::uint32_t c) {
  return c >= kInvalidByte || (c >= 0x1F000 && c < 0x1F16C) || (c >= 0x1F170 && c < 0x1FB00) ||
         (c >= 0x20000 && c < 0x2F800);
}

}  // namespace matinee
