#include "lib/tokenizer/merge_boundaries.h"

#include <gtest/gtest.h>

#include <set>

#include "lib/base/random.h"
#include "lib/text/unicode.h"

namespace matinee {
namespace {

std::vector<std::size_t> cuts(const MergeBoundaries& boundaries, std::string_view piece) {
  std::vector<std::size_t> ends;
  for (std::size_t begin = 0; begin < piece.size(); begin = ends.back())
    ends.push_back(boundaries.part_end(piece, begin));
  return ends;
}

TEST(MergeBoundaries, CutsBetweenCharactersThatNoTokenJoins) {
  const std::vector<std::string> tokens{"ab", "\u4e2d\u6587", "c\u4e2d", "d"};
  const MergeBoundaries boundaries(tokens, std::vector<bool>(tokens.size(), true));
  EXPECT_EQ(cuts(boundaries, "abd"), (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(cuts(boundaries, "\u4e2d\u6587\u6587\u4e2d"), (std::vector<std::size_t>{6, 9, 12}));
  EXPECT_EQ(cuts(boundaries, "bc\u4e2d\u6587"), (std::vector<std::size_t>{1, 8}));
}

TEST(MergeBoundaries, KnowsTokensThatBreakCharacters) {
  // The last byte of a character and the whole next one; a whole one and the first byte of the next; parts of both.
  const std::string one = "\u4e2d", two = "\u6587", three = "\u5b57";
  const std::vector<std::string> tokens{one.substr(2) + two, two + three.substr(0, 1),
                                        three.substr(1) + one.substr(0, 2)};
  const MergeBoundaries boundaries(tokens, std::vector<bool>(tokens.size(), true));
  EXPECT_EQ(cuts(boundaries, one + two), (std::vector<std::size_t>{6}));
  EXPECT_EQ(cuts(boundaries, two + three), (std::vector<std::size_t>{6}));
  EXPECT_EQ(cuts(boundaries, three + one), (std::vector<std::size_t>{6}));
  EXPECT_EQ(cuts(boundaries, one + three), (std::vector<std::size_t>{3, 6}));
}

TEST(MergeBoundaries, NoTokenReachesAcrossACut) {
  for (std::uint64_t i = 0; i < 400; ++i) {
    Random random(21, "boundaries", i);
    // Tokens are stretches of the text, some cut in the middle of a character, some undefined.
    std::string text;
    for (std::size_t n = 2 + random.below(30); n > 0; --n)
      append_utf8(text, random.chance(0.3) ? 'a' + static_cast<std::uint32_t>(random.below(4))
                                           : 0x4E00 + static_cast<std::uint32_t>(random.below(6)) * 65);
    if (random.chance(0.2)) text.insert(random.below(text.size()), "\xE4\xB8");
    std::set<std::string> distinct;
    for (int n = 0; n < 12; ++n) distinct.insert(text.substr(random.below(text.size()), 1 + random.below(7)));
    const std::vector<std::string> tokens(distinct.begin(), distinct.end());
    const MergeBoundaries boundaries(tokens, std::vector<bool>(tokens.size(), true));
    const std::vector<std::size_t> ends = cuts(boundaries, text);
    ASSERT_EQ(ends.back(), text.size());
    for (const std::string& token : tokens)
      for (std::size_t at = text.find(token); at != std::string::npos; at = text.find(token, at + 1))
        for (const std::size_t border : ends)
          ASSERT_FALSE(at < border && border < at + token.size()) << "case " << i << ": cut at " << border;
  }
}

}  // namespace
}  // namespace matinee
