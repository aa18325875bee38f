#include "lib/wording/phrase_language.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

Phrasebook book_of(const std::string& text) {
  Phrasebook book;
  book.add_text(text, "book");
  return book;
}

// All texts of a language, which must not have more than 1,000 states on their way.
std::set<std::string> all_texts(const PhraseLanguage& language) {
  std::set<std::string> texts;
  const std::function<void(ByteAutomaton::State, const std::string&)> visit = [&](ByteAutomaton::State state,
                                                                                  const std::string& text) {
    bool alive = language.may_end(state);
    if (alive) texts.insert(text);
    for (int byte = 0; byte < 256; ++byte) {
      ByteAutomaton::State next = state;
      if (!language.advance(next, static_cast<std::uint8_t>(byte))) continue;
      alive = true;
      visit(next, text + static_cast<char>(byte));
    }
    EXPECT_TRUE(alive) << "\"" << text << "\" leads nowhere";
  };
  visit(language.start(), "");
  return texts;
}

// All texts that expand gives in many draws.
std::set<std::string> drawn(const Phrasebook& book, const PhraseRequest& request) {
  std::set<std::string> texts;
  Random random(1, "drawn");
  for (int i = 0; i < 3000; ++i) texts.insert(book.expand(request.section, request.slots, random));
  return texts;
}

TEST(PhraseLanguage, IsTheSetOfExpansions) {
  const Phrasebook book = book_of(
      "[=hook]\nIt has {star}.\nIt's (good|fine)( and (short|long)|).\n"
      "[s]\nTry {movie}( with {star}|).( <hook>|)\n(Ab|Abc|A(b|)c)\n<hook>\n{none} is left out\n({none}|{movie}) is "
      "not\n");
  const PhraseRequest all{"s", {{"movie", "Heat (1995)"}, {"star", "Al Pacino"}}};
  const std::set<std::string> texts = all_texts(PhraseLanguage(book, {&all, 1}));
  EXPECT_EQ(texts, drawn(book, all));
  EXPECT_TRUE(texts.contains("Try Heat (1995) with Al Pacino. It's fine and long."));
  const PhraseRequest less{"s", {{"movie", "Heat"}}};
  EXPECT_EQ(all_texts(PhraseLanguage(book, {&less, 1})), drawn(book, less));
}

TEST(PhraseLanguage, APeriodAfterAPeriodIsLeftOut) {
  const Phrasebook book = book_of("[s]\nIt has {star}(.|, too.| in it.)\n{star}. And more.\n(a.|b)(.c|)\n");
  const PhraseRequest request{"s", {{"star", "Robert Downey Jr."}}};
  const auto texts = all_texts(PhraseLanguage(book, {&request, 1}));
  EXPECT_EQ(texts, drawn(book, request));
  const PhraseRequest comedy{"s", {{"star", "Airplane!"}}};
  EXPECT_EQ(all_texts(PhraseLanguage(book, {&comedy, 1})), drawn(book, comedy));
  EXPECT_TRUE(texts.contains("It has Robert Downey Jr."));
  EXPECT_TRUE(texts.contains("Robert Downey Jr. And more."));
}

TEST(PhraseLanguage, HasTheTextsOfAllRequests) {
  const Phrasebook book = book_of("[a]\none {x}\n[b]\none {x} more\ntwo\n");
  const std::vector<PhraseRequest> requests{{"a", {{"x", "1"}}}, {"b", {{"x", "2"}}}, {"c", {}}};
  EXPECT_EQ(all_texts(PhraseLanguage(book, requests)), (std::set<std::string>{"one 1", "one 2 more", "two"}));
}

TEST(PhraseLanguage, LeavesOutSaidSentences) {
  const Phrasebook book = book_of("[s]\n(Hi!|Well now.) (How are you|Who are you|Where are you)?( Tell me now.|)\n");
  const PhraseRequest request{"s", {}};
  SaidSentences said;
  said.add("Hi! How are you? Tell me now.");
  EXPECT_EQ(all_texts(PhraseLanguage(book, {&request, 1}, &said)),
            (std::set<std::string>{"Hi! Who are you?", "Hi! Where are you?", "Well now. Who are you?",
                                   "Well now. Where are you?"}));
  said.add("Who are you?");
  said.add("Where are you?");
  // Nothing is left, so everything may come again.
  EXPECT_EQ(all_texts(PhraseLanguage(book, {&request, 1}, &said)).size(), 12u);
}

TEST(PhraseLanguage, AMissingSlotIsAnError) {
  const Phrasebook book = book_of("[s]\n{x} only\n");
  const PhraseRequest request{"s", {}};
  EXPECT_EQ(testing::error_of([&] {
              PhraseLanguage(book, {&request, 1});
            }),
            "phrasebook: section [s] has no phrase for these slots");
  EXPECT_FALSE(can_say(book, request, " only"));
}

TEST(SaidSentences, EndAtAMarkBeforeASpace) {
  SaidSentences said;
  EXPECT_TRUE(said.empty());
  said.add("Hi! Try Mr. & Mrs. Smith (2005), at 7.5 of 10. Shall it be that one?");
  EXPECT_TRUE(said.repeats("Shall it be that one?"));
  EXPECT_TRUE(said.repeats("Well. Shall it be that one?"));
  EXPECT_FALSE(said.repeats("Shall it be that one"));
  EXPECT_FALSE(said.repeats("Hi!")) << "short ones may come again";
  EXPECT_TRUE(said.repeats("Smith (2005), at 7.5 of 10."));
  said.clear();
  EXPECT_FALSE(said.repeats("Shall it be that one?"));
}

}  // namespace
}  // namespace matinee
