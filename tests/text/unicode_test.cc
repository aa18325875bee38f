#include "lib/text/unicode.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <cstdlib>

namespace matinee {
namespace {

TEST(Utf8, GivesBackEveryCodePoint) {
  for (std::uint32_t c = 0; c < 0x110000; c += c < 0x3000 ? 1 : 37) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    append_utf8(text, c);
    std::size_t position = 0;
    ASSERT_EQ(decode_utf8(text, position), c);
    ASSERT_EQ(position, text.size());
    ASSERT_TRUE(is_utf8(text));
    for (std::size_t cut = 1; cut < text.size(); ++cut)
      ASSERT_EQ(incomplete_utf8_suffix("x" + text.substr(0, cut)), cut) << std::hex << c;
    ASSERT_EQ(incomplete_utf8_suffix(text), 0u);
  }
}

TEST(Utf8, RefusesWhatTheTableForbids) {
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE2\x82", "\xC3"}) {
    EXPECT_EQ(valid_utf8_prefix(std::string("ab") + bad), 2u);
    std::size_t position = 0;
    EXPECT_EQ(decode_utf8(bad, position), kInvalidByte + static_cast<unsigned char>(bad[0]));
    EXPECT_EQ(position, 1u);
  }
  EXPECT_EQ(incomplete_utf8_suffix("a\x80"), 0u);
  EXPECT_EQ(incomplete_utf8_suffix("\xED\xA0"), 0u) << "can only become a surrogate";
  EXPECT_EQ(incomplete_utf8_suffix("\xF4\x90"), 0u) << "can only pass U+10FFFF";
  EXPECT_EQ(incomplete_utf8_suffix("\xC0"), 0u);
}

TEST(Utf8, KnowsTheClassesOfCharacters) {
  EXPECT_EQ(character_class('a'), CharacterClass::kLetter);
  EXPECT_EQ(character_class(0xE9), CharacterClass::kLetter);
  EXPECT_EQ(character_class(0x4E2D), CharacterClass::kLetter);
  EXPECT_EQ(character_class('7'), CharacterClass::kNumber);
  EXPECT_EQ(character_class(0xBD), CharacterClass::kNumber);
  EXPECT_EQ(character_class(0x2167), CharacterClass::kNumber);
  for (const std::uint32_t c : {0x20u, 0x0Bu, 0x85u, 0xA0u, 0x2028u, 0x3000u})
    EXPECT_EQ(character_class(c), CharacterClass::kSpace) << std::hex << c;
  for (const std::uint32_t c : {0x1Cu, 0x200Bu, 0x180Eu, 0xFEFFu, 0x301u, 0x1F3ACu, kInvalidByte + 0xC3})
    EXPECT_EQ(character_class(c), CharacterClass::kOther) << std::hex << c;
}

TEST(Utf8, NormalizesAroundInvalidBytes) {
  EXPECT_EQ(normalize_utf8("cafe\u0301", NormalizationForm::kNfc), "caf\u00e9");
  EXPECT_EQ(normalize_utf8("caf\u00e9", NormalizationForm::kNfd), "cafe\u0301");
  EXPECT_EQ(normalize_utf8("\ufb01", NormalizationForm::kNfkc), "fi");
  EXPECT_EQ(normalize_utf8("e\u0301\xff\xfe"
                           "e\u0301\xc3",
                           NormalizationForm::kNfc),
            "\u00e9\xff\xfe\u00e9\xc3");
}

TEST(Utf8, WhatIsSurelyNfcIsNotChangedByIt) {
  EXPECT_TRUE(is_surely_nfc("caf\u00e9 \u4e2d\u6587"));
  EXPECT_FALSE(is_surely_nfc("cafe\u0301"));
  EXPECT_FALSE(is_surely_nfc("\u212b"));
  EXPECT_TRUE(is_surely_nfc("\u201cisn\u2019t\u201d\u3002\uff0c\U0001f3ac"));
  EXPECT_FALSE(is_surely_nfc("\uac00\u11a8"));
  // Each character that passes is its own normal form, whatever stands before it.
  int passed = 0;
  for (const std::string before :
       {"", "q", "e", "\u1ea1", "\u1100", "\uac00", "\u30ab", "\u0915", "\u0cc6", "\u1025"}) {
    for (std::uint32_t c = 1; c < 0x30000; c += c >= 0x4E00 && c < 0xD800 ? 31 : 1) {
      if (c >= 0xD800 && c < 0xE000) continue;
      std::string character;
      append_utf8(character, c);
      if (!is_surely_nfc(character)) continue;
      ++passed;
      utf8proc_uint8_t* normal = utf8proc_NFC(reinterpret_cast<const utf8proc_uint8_t*>((before + character).c_str()));
      ASSERT_STREQ(reinterpret_cast<const char*>(normal), (before + character).c_str()) << before << " " << c;
      std::free(normal);
    }
  }
  EXPECT_GT(passed, 500'000) << "what need not be looked at closer is most of Unicode";
}

TEST(Utf8, ClassesAreThoseOfTheCategories) {
  for (std::uint32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    const std::string category = utf8proc_category_string(static_cast<utf8proc_int32_t>(c));
    const CharacterClass kind = character_class(c);
    ASSERT_EQ(kind == CharacterClass::kLetter, category[0] == 'L') << std::hex << c;
    ASSERT_EQ(kind == CharacterClass::kNumber, category[0] == 'N') << std::hex << c;
  }
}

}  // namespace
}  // namespace matinee
