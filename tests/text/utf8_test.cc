#include "lib/text/utf8.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <cstdlib>

#include "tests/text/test_texts.h"

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
  // Each character that passes is its own normal form, alone and behind a letter.
  for (std::uint32_t c = 1; c < 0xA000; ++c) {
    std::string text = "q";
    append_utf8(text, c);
    if (c >= 0xD800 || !is_surely_nfc(text)) continue;
    utf8proc_uint8_t* normal = utf8proc_NFC(reinterpret_cast<const utf8proc_uint8_t*>(text.c_str()));
    ASSERT_STREQ(reinterpret_cast<const char*>(normal), text.c_str()) << c;
    std::free(normal);
  }
}

}  // namespace
}  // namespace matinee
