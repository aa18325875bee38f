#include "lib/simulation/typing_errors.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace matinee {
namespace {

TEST(TypingErrors, OneErrorInsideALongWord) {
  Random random(1, "typos");
  const std::string text = "something with Robert, ok";
  std::set<std::string> seen;
  for (int i = 0; i < 3000; ++i) {
    const std::string typed = mistype(text, random);
    EXPECT_LE(std::abs(static_cast<int>(typed.size()) - static_cast<int>(text.size())), 1) << typed;
    EXPECT_EQ(typed.front(), text.front()) << typed;
    EXPECT_TRUE(typed.ends_with(", ok")) << typed;
    EXPECT_NE(typed.find(" with "), std::string::npos) << typed;
    seen.insert(typed);
  }
  // Omitted, doubled, swapped and replaced letters, in both words.
  for (const char* typed : {"somthing with Robert, ok", "sommething with Robert, ok", "soemthing with Robert, ok",
                            "something with Rbert, ok", "something with Rovert, ok"})
    EXPECT_TRUE(seen.contains(typed)) << typed;
}

TEST(TypingErrors, ShortWordsAndOtherScriptsStayWhole) {
  Random random(2, "typos");
  for (const char* text : {"", "a war film", "été à la mer", "12345 67890"}) EXPECT_EQ(mistype(text, random), text);
}

}  // namespace
}  // namespace matinee
