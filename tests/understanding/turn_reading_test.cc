#include "lib/understanding/turn_reading.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/understanding/reading_grammar.h"
#include "lib/understanding/understand_prompt.h"
#include "tests/support/temporary_folder.h"
#include "tests/understanding/sample_evidence.h"

namespace matinee {
namespace {

using testing::sample_evidence;
using testing::SampleWorld;

const MovieCatalog& catalog() { return SampleWorld::get().catalog; }
MovieId movie(const char* name) { return catalog().find_display_name(name).value(); }

std::vector<SystemAct> offered(const char* name) { return {{.kind = SystemActKind::kRecommend, .movie = movie(name)}}; }

// The update, as JSON, of a text and a reading of its marks.
std::string update(const std::string& text, const std::string& reading, const std::vector<SystemAct>& acts = {}) {
  const std::vector<Mark> marks = sample_evidence().find(acts, text);
  const TurnContext context(acts);
  EXPECT_TRUE(ReadingGrammar(text, marks, context).accepts(reading))
      << reading << " of " << understand_prompt(acts, text, marks).input;
  return to_json(update_of(parse_turn_reading(reading, marks.size()), marks, context, catalog()), catalog());
}

TEST(TurnReading, AlternativesAndExclusions) {
  EXPECT_EQ(update("a comedy or a horror film", "inform 1 want 2 or"),
            R"_({"act":"inform","genres":["Comedy","Horror"],"either":["genre"]})_");
  EXPECT_EQ(update("80s or 90s", "inform 1 want 2 or"), R"_({"act":"inform","years":"1980 to 1999"})_");
  EXPECT_EQ(update("nothing before 1990", "inform 1 from"), R"_({"act":"inform","years":"since 1990"})_");
  EXPECT_EQ(update("a horror movie that is not from the 80s", "inform 1 want 2 not"),
            R"_({"act":"inform","genres":["Horror"],"not_years":"1980s"})_");
  EXPECT_EQ(update("no comedies, no musicals", "inform 1 not 2 not"),
            R"_({"act":"inform","not_genres":["Comedy","Musical"]})_");
}

TEST(TurnReading, RunningTimes) {
  EXPECT_EQ(update("two hours at most", "inform 1 until"), R"_({"act":"inform","runtime":"up to 120"})_");
  EXPECT_EQ(update("at least 140 minutes", "inform 1 from"), R"_({"act":"inform","runtime":"at least 140"})_");
  EXPECT_EQ(update("around 90 minutes", "inform 1 around"), R"_({"act":"inform","runtime":"around 90"})_");
}

TEST(TurnReading, AReactionAndAWish) {
  const auto acts = offered("Heat (1995)");
  EXPECT_EQ(update("seen it, something newer", "seen 0 seen 1 want", acts),
            R"_({"act":"seen","years":"since 1996","seen":["Heat (1995)"]})_");
  EXPECT_EQ(update("loved it", "like 0 liked", acts), R"_({"act":"like","liked":["Heat (1995)"]})_");
  EXPECT_EQ(update("who directed it?", "ask/director 0 none", acts), R"_({"act":"ask","asks":"director"})_");
}

TEST(TurnReading, ComparisonsReferToTheMovieOfTheTurn) {
  EXPECT_EQ(update("something like Heat (1995) but newer", "inform 1 liked 2 want"),
            R"_({"act":"inform","years":"since 1996","liked":["Heat (1995)"]})_");
}

TEST(TurnReading, NamedMovies) {
  EXPECT_EQ(update("ok Heat (1995) it is", "accept 1 pick"), R"_({"act":"accept","pick":["Heat (1995)"]})_");
  EXPECT_EQ(update("is Heat (1995) any good?", "ask/rating 1 ask"),
            R"_({"act":"ask","asks":"rating","about":["Heat (1995)"]})_");
}

TEST(TurnReading, WhatIsNotEvidentCannotBeWritten) {
  const auto allows = [](const std::string& text, const std::string& reading) {
    const auto marks = sample_evidence().find({}, text);
    return ReadingGrammar(text, marks, TurnContext({})).accepts(reading);
  };
  EXPECT_TRUE(allows("qwerty", "other"));
  EXPECT_FALSE(allows("qwerty", "inform 1 want")) << "there is no mark";
  EXPECT_FALSE(allows("a comedy", "inform")) << "every mark has a role";
  EXPECT_FALSE(allows("a comedy", "inform 1 liked")) << "a genre is not liked as a movie is";
  EXPECT_FALSE(allows("a comedy", "seen 1 want")) << "no movie stands that could have been seen";
  EXPECT_FALSE(allows("a comedy", "inform 1 want drop:years")) << "no word takes anything back";
  EXPECT_TRUE(allows("actually a comedy", "inform 1 want drop:genre"));
  EXPECT_TRUE(allows("any comedy", "inform 1 want any:years"));
  EXPECT_FALSE(allows("any comedy", "inform 1 want any:years any:years")) << "each slot once";
  EXPECT_FALSE(allows("any comedy", "inform 1 want any:years any:genre")) << "slots in their order";
  EXPECT_FALSE(allows("I hate horror", "inform 1 want")) << "what is refused is not wanted";
  EXPECT_FALSE(allows("anything but a musical", "inform 1 want"));
  EXPECT_TRUE(allows("no more westerns", "inform 1 not"));
  EXPECT_TRUE(allows("no, horror", "inform 1 want")) << "a refusal of something else";
  EXPECT_FALSE(allows("a comedy", "ask 1 none")) << "a question needs its fact";
}

TEST(TurnReading, EveryWalkThroughTheGrammarIsAReading) {
  const auto acts = offered("Heat (1995)");
  for (const std::string text : {"actually a comedy or Alien (1979) with Al Pacino, whatever, before 1990", "hm"}) {
    const auto marks = sample_evidence().find(acts, text);
    const TurnContext context(acts);
    const ReadingGrammar grammar(text, marks, context);
    for (std::uint64_t walk = 0; walk < 300; ++walk) {
      Random random(2, "walk", walk);
      std::string written;
      ByteAutomaton::State state = grammar.start();
      while (!(grammar.may_end(state) && random.chance(0.3))) {
        std::vector<std::uint8_t> open;
        for (int byte = 32; byte < 127; ++byte) {
          ByteAutomaton::State next = state;
          if (grammar.advance(next, static_cast<std::uint8_t>(byte))) open.push_back(static_cast<std::uint8_t>(byte));
        }
        if (open.empty()) break;
        const std::uint8_t byte = random.pick(open);
        ASSERT_TRUE(grammar.advance(state, byte));
        written += static_cast<char>(byte);
        ASSERT_LT(written.size(), 400u) << "the language is finite";
      }
      ASSERT_TRUE(grammar.may_end(state)) << "\"" << written << "\" is a dead end";
      const TurnReading reading = parse_turn_reading(written, marks.size());
      EXPECT_EQ(to_text(reading, true), written);
      (void)to_json(update_of(reading, marks, context, catalog()), catalog());
    }
  }
}

TEST(TurnReading, WrongTextsAreErrors) {
  EXPECT_EQ(testing::error_of([] { (void)parse_turn_reading("sing", 0); }), "reading: unknown word \"sing\"");
  EXPECT_EQ(testing::error_of([] { (void)parse_turn_reading("inform 2 want", 1); }),
            "reading: expected the number of a mark, found \"2\"");
}

TEST(UnderstandPrompt, ShowsNamesByTheirKindOnly) {
  const auto acts = offered("Heat (1995)");
  const std::string text = "Seen it! Something NEWER with Al Pacino,\nno comedies [please]";
  EXPECT_EQ(understand_prompt(acts, text, sample_evidence().find(acts, text)).input,
            "system: recommend\nuser: seen it! something [1 newer] with [2 person], no [3 comedies] (please)")
      << "one line in lower case, whose brackets are all marks";
}

}  // namespace
}  // namespace matinee
