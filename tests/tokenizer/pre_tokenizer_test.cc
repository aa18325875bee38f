#include "lib/tokenizer/pre_tokenizer.h"

#include <gtest/gtest.h>

#include "lib/text/split_pattern.h"
#include "lib/vocabulary/split_steps.h"
#include "tests/support/temporary_folder.h"
#include "tests/text/test_texts.h"

namespace matinee {
namespace {

using Kind = PreTokenizerStep::Kind;
using Behavior = PreTokenizerStep::Behavior;
using Pieces = std::vector<std::string>;

Pieces split(const std::vector<PreTokenizerStep>& steps, std::string_view text,
             TextStart start = TextStart::kDocument) {
  const PreTokenizer pre_tokenizer(steps);
  PieceList list;
  pre_tokenizer.split(text, start, list);
  Pieces pieces;
  for (std::size_t i = 0; i < list.pieces.size(); ++i) pieces.emplace_back(list[i]);
  return pieces;
}

TEST(PreTokenizer, SplitsCodedByHandEqualTheirPatterns) {
  // Pieces at which the patterns part ways, among any text.
  const std::vector<std::string> parts{"'s",
                                       "'LL",
                                       "'\u017f",
                                       "'x",
                                       "\n",
                                       "\r\n",
                                       " ",
                                       "   ",
                                       "\t",
                                       "1",
                                       "12345",
                                       "\u0663\u0664",
                                       "word",
                                       " Word",
                                       "\u00e9t\u00e9",
                                       "!",
                                       "...",
                                       "(\n",
                                       "\u4e2d\u6587",
                                       "\U0001f600",
                                       "\u00a0"};
  const std::vector<std::string> ascii{"'s",   "'LL", "'",  "'rev",  "\n",    " ", "  ",  "    ", "\t", "1",
                                       "1234", "a",   "It", "movie", " 1995", "!", "...", "(",    ")",  " \""};
  for (const SplitFamily& family : split_families()) {
    const SplitPattern pattern{std::string(family.pattern)};
    for (std::uint64_t i = 0; i < 12000; ++i) {
      Random random(7, "split", i);
      std::string text;
      if (i % 3 == 0) {
        text = testing::random_text(random, 1 + random.below(30));
      } else if (i % 3 == 1) {  // longer than a block
        for (std::uint64_t n = 1 + random.below(60); n > 0; --n) text += random.pick(ascii);
      } else {
        for (std::uint64_t n = 1 + random.below(12); n > 0; --n) text += random.pick(parts);
      }
      // PCRE2's \s has U+180E and utf8proc's Unicode may be newer than PCRE2's; neither is in these ranges.
      std::size_t begin = 0;
      std::vector<std::size_t> expected;
      for (const SplitPattern::Match& match : pattern.matches(text)) {
        ASSERT_EQ(match.begin, begin) << family.name << ": " << text;
        ASSERT_EQ(family.piece_end(text, begin), match.end) << family.name << ", case " << i << ": " << text;
        begin = match.end;
        expected.push_back(begin);
      }
      ASSERT_EQ(begin, text.size());
      // All at once, with and without bytes behind the text that may be read, and a few at a time.
      const std::string padded = text + std::string(64, random.chance(0.5) ? 'x' : ' ');
      const std::string_view view = std::string_view(padded).substr(0, text.size());
      for (const std::size_t readable : {text.size(), padded.size()}) {
        for (const std::size_t at_once : {std::size_t{1}, std::size_t{3}, std::size_t{64}}) {
          std::vector<std::size_t> ends(at_once), cut;
          for (begin = 0; begin < text.size(); begin = cut.back()) {
            const std::size_t count = family.cut(view, readable, begin, ends);
            ASSERT_GT(count, 0u);
            cut.insert(cut.end(), ends.begin(), ends.begin() + static_cast<std::ptrdiff_t>(count));
          }
          ASSERT_EQ(cut, expected) << family.name << ", case " << i << ", " << readable << " readable: " << text;
        }
      }
    }
  }
}

// Digits and ByteLevel one after another are the one pattern that stands for both.
TEST(PreTokenizer, DigitsAndByteLevelAreOneFamily) {
  const std::vector<PreTokenizerStep> steps{{.kind = Kind::kDigits, .individual_digits = true},
                                            {.kind = Kind::kByteLevel}};
  const SplitFamily* family = only_family_of(steps);
  ASSERT_NE(family, nullptr);
  const std::vector<std::string> parts{" ", "  ", "1",      "42",     "a",      "it's",
                                       "!", "\n", "\u00bd", "\u00e9", "\u00a0", "'s"};
  for (std::uint64_t i = 0; i < 4000; ++i) {
    Random random(26, "digits", i);
    std::string text;
    for (std::uint64_t n = 1 + random.below(40); n > 0; --n) text += random.pick(parts);
    Pieces pieces;
    for (std::size_t begin = 0; begin < text.size();) {
      std::size_t end = 0;
      ASSERT_EQ(family->cut(text, text.size(), begin, {&end, 1}), 1u);
      pieces.push_back(text.substr(begin, end - begin));
      begin = end;
    }
    ASSERT_EQ(split(steps, text), pieces) << text;
  }
}

TEST(PreTokenizer, SplitsAsTheExamplesSay) {
  const std::vector<PreTokenizerStep> gpt2 = {{.kind = Kind::kByteLevel}};
  EXPECT_EQ(split(gpt2, "I'll see  it's 1995!\n\nnow"),
            (Pieces{"I", "'ll", " see", " ", " it", "'s", " 1995", "!", "\n", "\n", "now"}));
  EXPECT_EQ(split({{.kind = Kind::kDigits, .individual_digits = true}, {.kind = Kind::kByteLevel}}, "in 1995"),
            (Pieces{"in", " ", "1", "9", "9", "5"}));
  EXPECT_EQ(split({{.kind = Kind::kDigits}}, "a12b3"), (Pieces{"a", "12", "b", "3"}));
  EXPECT_EQ(split({{.kind = Kind::kByteLevel, .add_prefix_space = true}}, "ab c"), (Pieces{" ab", " c"}));
  EXPECT_EQ(split({{.kind = Kind::kByteLevel, .add_prefix_space = true}}, "ab c", TextStart::kContinued),
            (Pieces{"ab", " c"}));
  EXPECT_EQ(split(gpt2, ""), Pieces{});
}

TEST(PreTokenizer, MetaspacePrefixFollowsItsScheme) {
  PreTokenizerStep step{
      .kind = Kind::kMetaspace, .replacement = "\u2581", .prepend = PreTokenizerStep::Prepend::kFirst};
  EXPECT_EQ(split({step}, "a  b"), (Pieces{"\u2581a", "\u2581", "\u2581b"}));
  EXPECT_EQ(split({step}, " a"), (Pieces{"\u2581a"}));
  EXPECT_EQ(split({step}, "a", TextStart::kAfterToken), (Pieces{"a"}));
  step.prepend = PreTokenizerStep::Prepend::kAlways;
  step.split = false;
  EXPECT_EQ(split({step}, "a b", TextStart::kAfterToken), (Pieces{"\u2581a\u2581b"}));
  EXPECT_EQ(split({step}, "a b", TextStart::kContinued), (Pieces{"a\u2581b"}));
  step.prepend = PreTokenizerStep::Prepend::kNever;
  EXPECT_EQ(split({step}, "a"), (Pieces{"a"}));
}

TEST(PreTokenizer, EachBehaviorCutsItsWay) {
  const auto by = [](Behavior behavior, bool invert = false) {
    return split({{.kind = Kind::kSplit, .pattern = "-", .behavior = behavior, .invert = invert}}, "a-b--c");
  };
  EXPECT_EQ(by(Behavior::kRemoved), (Pieces{"a", "b", "c"}));
  EXPECT_EQ(by(Behavior::kIsolated), (Pieces{"a", "-", "b", "-", "-", "c"}));
  EXPECT_EQ(by(Behavior::kMergedWithPrevious), (Pieces{"a-", "b-", "-", "c"}));
  EXPECT_EQ(by(Behavior::kMergedWithNext), (Pieces{"a", "-b", "-", "-c"}));
  EXPECT_EQ(by(Behavior::kContiguous), (Pieces{"a", "-", "b", "--", "c"}));
  EXPECT_EQ(by(Behavior::kRemoved, true), (Pieces{"-", "-", "-"}));
}

TEST(PreTokenizer, NamesAPatternItCannotRun) {
  EXPECT_EQ(testing::error_of([] { split({{.kind = Kind::kSplit, .pattern = "a(b"}}, "x"); }),
            "the split pattern \"a(b\" cannot be run: missing closing parenthesis at character 3");
}

TEST(PreTokenizer, PiecesCoverAnyBytes) {
  for (std::uint64_t i = 0; i < 500; ++i) {
    Random random(8, "bytes", i);
    const std::string bytes = testing::random_bytes(random, 1 + random.below(60));
    for (const auto& steps : std::vector<std::vector<PreTokenizerStep>>{
             {{.kind = Kind::kByteLevel}},
             {{.kind = Kind::kDigits, .individual_digits = true}, {.kind = Kind::kByteLevel}},
             {{.kind = Kind::kSplit, .pattern = R"(\p{L}+|\s+)"}}}) {
      std::string joined;
      for (const std::string& piece : split(steps, bytes)) joined += piece;
      ASSERT_EQ(joined, bytes);
    }
  }
}

}  // namespace
}  // namespace matinee
