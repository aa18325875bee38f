#include "lib/simulation/typing_habits.h"

#include <gtest/gtest.h>

#include <set>

namespace matinee {
namespace {

constexpr TypingHabits kNone{0, 0, 0, 0, 0, 0, 0, 0, 0};

TEST(TypingHabits, WithoutHabitsTextIsWellWritten) {
  Random random(1, "typing");
  EXPECT_EQ(type_text("i don't know, i guess", kNone, false, random), "I don't know, I guess.");
  EXPECT_EQ(type_text("really!", kNone, false, random), "Really!");
}

TEST(TypingHabits, EachHabitShows) {
  Random random(1, "typing");
  const auto with = [&](double TypingHabits::*habit) {
    TypingHabits habits = kNone;
    habits.*habit = 1;
    return type_text("I don't like O'Brien", habits, false, random);
  };
  EXPECT_EQ(with(&TypingHabits::lower_case), "i don't like o'brien.");
  EXPECT_EQ(with(&TypingHabits::open_end), "I don't like O'Brien");
  EXPECT_EQ(with(&TypingHabits::no_apostrophe), "I dont like O'Brien.") << "names keep theirs";
  EXPECT_EQ(with(&TypingHabits::upper_case), "I DON'T LIKE O'BRIEN.");
  EXPECT_TRUE(with(&TypingHabits::exclamation).ends_with("!"));
  EXPECT_GT(with(&TypingHabits::emoji).back() & 0x80, 0);
  EXPECT_NE(with(&TypingHabits::typing_error), "I don't like O'Brien.");
}

TEST(TypingHabits, PlainTextKeepsItsNames) {
  const TypingHabits all{1, 1, 0, 1, 1, 1, 1, 0, 1};
  Random random(1, "typing");
  for (int i = 0; i < 20; ++i)
    EXPECT_NE(type_text("with Conan O'Brien", all, true, random).find("Conan O'Brien"), std::string::npos);
}

TEST(TypingHabits, SentencesAreJoinedInManyWays) {
  const std::vector<std::string> sentences{"seen it", "something newer"};
  Random random(1, "joining");
  std::set<std::string> joined;
  for (int i = 0; i < 200; ++i) joined.insert(join_sentences(sentences, {}, random));
  for (const char* way : {"seen it. Something newer", "seen it, something newer", "seen it something newer",
                          "seen it! Something newer", "seen it... Something newer", "seen it - something newer"})
    EXPECT_TRUE(joined.contains(way)) << way;
  const std::vector<std::string> question{"what else?", "i'm bored"};
  EXPECT_EQ(join_sentences(question, {}, random), "what else? I'm bored");
}

}  // namespace
}  // namespace matinee
