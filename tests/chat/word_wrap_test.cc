#include "lib/chat/word_wrap.h"

#include <gtest/gtest.h>

#include "lib/base/utf8.h"

namespace matinee {
namespace {

// The text wrapped, given in pieces of `step` characters.
std::string wrapped(int width, int indent, std::string_view text, std::size_t step) {
  std::string out;
  WordWrap wrap(width, indent, [&](std::string_view piece) { out += piece; });
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    for (std::size_t i = 0; i < step && at < text.size(); ++i) decode_utf8(text, at);
    wrap.push(text.substr(begin, at - begin));
  }
  wrap.finish();
  return out;
}

TEST(WordWrap, BreaksBetweenWordsWhereverThePiecesEnd) {
  for (const std::size_t step : {1, 2, 3, 5, 100}) {
    EXPECT_EQ(wrapped(20, 4, "The thriller Heat is a film of 1995.", step),
              "The thriller\n    Heat is a film\n    of 1995.");
  }
}

TEST(WordWrap, AWordThatEndsAtTheLastColumnStays) {
  EXPECT_EQ(wrapped(20, 0, "twenty columns wide, and more", 1), "twenty columns wide,\nand more");
  EXPECT_EQ(wrapped(20, 0, "twenty columns wider and more", 1), "twenty columns wider\nand more");
  EXPECT_EQ(wrapped(20, 0, "twenty columns widest and more", 1), "twenty columns\nwidest and more");
}

TEST(WordWrap, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("Am\u00E9lie"), 6);
  EXPECT_EQ(display_width("Ame\u0301lie"), 6) << "a combining accent";
  EXPECT_EQ(display_width("\u4E03\u4EBA"), 4);
  EXPECT_EQ(display_width("\xFF"), 1);
  EXPECT_EQ(wrapped(20, 0,
                    "\u00E9\u00E9\u00E9\u00E9\u00E9\u00E9\u00E9\u00E9\u00E9 \u00E9\u00E9\u00E9\u00E9\u00E9 "
                    "\u00E9\u00E9\u00E9\u00E9 \u00E9",
                    1),
            "\u00E9\u00E9\u00E9\u00E9\u00E9\u00E9\u00E9\u00E9\u00E9 \u00E9\u00E9\u00E9\u00E9\u00E9 "
            "\u00E9\u00E9\u00E9\u00E9\n\u00E9");
}

TEST(WordWrap, ALongWordIsBrokenBetweenCharacters) {
  EXPECT_EQ(wrapped(12, 0, "abcdefghijklmnopqrstuvwxyz yes", 4), "abcdefghijkl\nmnopqrstuvwx\nyz yes");
  EXPECT_EQ(wrapped(13, 0, "\u4E03\u4EBA\u4E03\u4EBA\u4E03\u4EBA\u4E03", 1),
            "\u4E03\u4EBA\u4E03\u4EBA\u4E03\u4EBA\n\u4E03")
      << "a wide character does not fit in the last column";
}

TEST(WordWrap, KeepsTheTextWhereTheWidthIsUnknownOrTooSmall) {
  const std::string text = "a long line stays a long line, with  two spaces";
  EXPECT_EQ(wrapped(0, 9, text, 3), text);
  EXPECT_EQ(wrapped(15, 9, text, 3), text);
}

TEST(WordWrap, KeepsTheLinesOfTheText) { EXPECT_EQ(wrapped(40, 2, "one\ntwo three", 2), "one\n  two three"); }

TEST(WordWrap, WritesAWordAsSoonAsItIsComplete) {
  std::string out;
  WordWrap wrap(40, 0, [&](std::string_view piece) { out += piece; });
  wrap.push("I sug");
  EXPECT_EQ(out, "I");
  wrap.push("gest ");
  EXPECT_EQ(out, "I suggest");
}

}  // namespace
}  // namespace matinee
