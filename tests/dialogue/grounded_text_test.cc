#include "lib/dialogue/grounded_text.h"

#include <gtest/gtest.h>

#include "lib/dialogue/wording.h"
#include "tests/dialogue/sample_world.h"

namespace matinee {
namespace {

using testing::SampleWorld;

ReplyFacts two_movies() {
  ReplyFacts facts;
  facts.names = {{"Heat (1995)", 1, true},
                 {"Up (2009)", 2, true},
                 {"Al Pacino", 1},
                 {"Ed Asner", 2},
                 {"Heat", 3},
                 {"1995", 1},
                 {"I", ~0u},
                 {"96", 2},
                 {"Mr. & Mrs. Smith", ~0u},
                 {"Cuba Gooding Jr.", 1}};
  facts.claims = {{"crime", 1}, {"animation", 2}, {"horror", 0}, {"war", 0}, {"music", 0}, {"musical", 2}};
  facts.capital_words = {"Try", "It's", "The", "I"};
  facts.once = true;
  return facts;
}

TEST(GroundedText, AcceptsTrueSentences) {
  const GroundedText text(two_movies());
  for (const char* good :
       {"Try Heat (1995).", "Heat (1995) is from 1995.", "Try Heat (1995), with Al Pacino: it's crime!",
        "The film is warm. Try Up (2009)?", "It's animation, with Ed Asner: Up (2009).", "I say I like Heat (1995).",
        "Try Heat, that is Heat (1995).", "Al Pacino's best: Heat (1995).", "Try a musical: Up (2009).",
        "The 96-minute film Up (2009) is non-violent.", "Try Up (2009), like Mr. & Mrs. Smith.",
        "Try Heat (1995), with Cuba Gooding Jr.", "Heat (1995) has Cuba Gooding Jr. The film is warm."}) {
    EXPECT_TRUE(text.accepts(good)) << good;
    EXPECT_TRUE(check_reply(good, two_movies()).ungrounded.empty()) << good;
    EXPECT_TRUE(check_reply(good, two_movies()).complete) << good;
  }
}

TEST(GroundedText, RefusesWhatIsNoFact) {
  const GroundedText text(two_movies());
  for (const char* bad :
       {"Try Ronin (1998).", "Try Heat (1995), with Robert.", "Heat (1995) is from 1996.",
        "Try Heat (1995), a horror film.", "Try Heat (1995), with Ed Asner.", "It's animation: Heat (1995).",
        "Try Heat (1995) or Up (2009).", "Heat (1995) has 3 parts.", "Try Heat (1995), The best.",
        "Heat (1995) is a war film.", "Heat (1995) is non-horror.", "Try Heat (1995), a musical."}) {
    EXPECT_FALSE(text.accepts(bad)) << bad;
    EXPECT_FALSE(check_reply(bad, two_movies()).ungrounded.empty()) << bad;
  }
  for (const char* unfinished :
       {"Try it.", "Try Heat (1995)", "", "Try Heat.", "try Heat (1995).", "Try  Heat (1995).", "Try Heat (1995).."})
    EXPECT_FALSE(text.accepts(unfinished)) << unfinished;
  EXPECT_FALSE(check_reply("Try it.", two_movies()).complete);
}

// A random walk through the language, mostly over lower-case letters, as of a bad model.
std::string walk(const GroundedText& language, Random& random, std::size_t limit) {
  std::string text;
  ByteAutomaton::State state = language.start();
  for (;;) {
    if (language.may_end(state) && (random.chance(0.5) || text.size() >= limit)) return text;
    std::vector<std::uint8_t> letters, others;
    for (int byte = 0; byte < 256; ++byte) {
      ByteAutomaton::State next = state;
      if (!language.advance(next, static_cast<std::uint8_t>(byte))) continue;
      (byte >= 'a' && byte <= 'z' ? letters : others).push_back(static_cast<std::uint8_t>(byte));
    }
    if (letters.empty() && others.empty()) return language.may_end(state) ? text : text + "<stuck>";
    const bool letter = others.empty() || (!letters.empty() && random.chance(0.6));
    const std::uint8_t byte = letter ? random.pick(letters) : random.pick(others);
    language.advance(state, byte);
    text += static_cast<char>(byte);
  }
}

TEST(GroundedText, EveryWalkEndsGroundedAndComplete) {
  Random random(1, "walks");
  for (std::size_t max_bytes = 0; max_bytes < 120; ++max_bytes) {
    ReplyFacts facts = two_movies();
    facts.max_bytes = max_bytes;
    const GroundedText language(facts);
    for (int i = 0; i < 30; ++i) {
      const std::string text = walk(language, random, 1000);
      const ReplyCheck check = check_reply(text, facts);
      ASSERT_TRUE(check.ungrounded.empty()) << text << ": " << check.ungrounded.front();
      ASSERT_TRUE(check.complete) << text;
      ASSERT_TRUE(language.accepts(text)) << text;
      ASSERT_LE(text.size(), std::max<std::size_t>(max_bytes, 40)) << text;
    }
  }
}

TEST(GroundedText, WordsAreWordsWhereThereIsALexicon) {
  ReplyFacts facts = two_movies();
  facts.claims.push_back({"sci-fi", 1});
  facts.claims.push_back({"hidden", 0});
  const Lexicon words({"a", "film", "warm", "warmly", "don't", "well-known", "hide", "with", "s", "minute", "horror",
                       "war", "hiddenite"});
  facts.words = &words;
  const GroundedText text(facts);
  for (const char* good :
       {"Try Heat (1995), a crime film.", "I don't hide Heat (1995).", "Try Heat (1995), well-known.",
        "Try Heat (1995), sci-fi with Al Pacino's warm film.", "Try Up (2009), a 96-minute film."}) {
    EXPECT_TRUE(text.accepts(good)) << good;
    EXPECT_TRUE(check_reply(good, facts).ungrounded.empty()) << good;
  }
  for (const char* bad : {"Try Heat (1995), a crimson film.", "I don hide Heat (1995).", "Try Heat (1995), well-film.",
                          "Try Heat (1995), a war film.", "Try Heat (1995), a horror film.",
                          "Try Heat (1995), sci-film.", "Try Heat (1995), fil.", "A hidden film: Heat (1995)."}) {
    EXPECT_FALSE(text.accepts(bad)) << bad;
    EXPECT_FALSE(check_reply(bad, facts).ungrounded.empty()) << bad;
  }
  Random random(5, "walks");
  for (std::size_t max_bytes = 0; max_bytes < 120; ++max_bytes) {
    facts.max_bytes = max_bytes;
    const GroundedText language(facts);
    for (int i = 0; i < 30; ++i) {
      const std::string said = walk(language, random, 1000);
      const ReplyCheck check = check_reply(said, facts);
      ASSERT_TRUE(check.ungrounded.empty()) << said << ": " << check.ungrounded.front();
      ASSERT_TRUE(check.complete) << said;
    }
  }
}

TEST(GroundedText, RequiredClaimsAreSaid) {
  ReplyFacts facts;
  facts.names = {{"Heat (1995)", ~0u}};
  facts.claims = {{"crime", ~0u, true}, {"drama", 0}};
  facts.capital_words = {"It's"};
  Random random(2, "walks");
  for (std::size_t max_bytes = 0; max_bytes < 60; ++max_bytes) {
    facts.max_bytes = max_bytes;
    const GroundedText language(facts);
    EXPECT_TRUE(language.accepts("It's crime."));
    EXPECT_FALSE(language.accepts("It's fun."));
    const std::string text = walk(language, random, 1000);
    ASSERT_TRUE(check_reply(text, facts).complete) << text;
  }
}

TEST(GroundedText, AcceptsEveryPhraseOfConversations) {
  const SampleWorld& world = SampleWorld::get();
  Random random(3, "phrases");
  int phrases = 0;
  std::set<SystemActKind> kinds;
  for (std::uint64_t index = 0; index < 150; ++index) {
    for (const Exchange& exchange : world.talk(11, index).exchanges) {
      for (const SystemAct& act : exchange.acts) {
        const ReplyFacts facts = reply_facts(act, world.catalog, world.words);
        const GroundedText language(facts);
        kinds.insert(act.kind);
        for (const WordingRequest& wording : possible_wordings(act, world.catalog)) {
          for (int i = 0; i < 4; ++i, ++phrases) {
            const std::string text = world.phrasebook.expand(wording.section, wording.slots, random);
            ASSERT_TRUE(language.accepts(text)) << wording.section << ": " << text;
            const ReplyCheck check = check_reply(text, facts);
            ASSERT_TRUE(check.ungrounded.empty()) << text << ": " << check.ungrounded.front();
            ASSERT_TRUE(check.complete) << text;
          }
        }
      }
    }
  }
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(kSystemActKinds));
  EXPECT_GT(phrases, 4000);
}

TEST(GroundedText, AnswersGiveEveryFactThereIs) {
  const SampleWorld& world = SampleWorld::get();
  Random random(4, "answers");
  for (int i = 0; i < 200; ++i) {
    const SystemAct act{.kind = SystemActKind::kAnswer,
                        .movie = static_cast<MovieId>(random.below(static_cast<std::uint64_t>(world.catalog.size()))),
                        .fact = static_cast<Fact>(random.below(kFacts))};
    const ReplyFacts facts = reply_facts(act, world.catalog, world.words);
    const std::string right = word_act(act, world.catalog, world.phrasebook, random);
    ASSERT_TRUE(GroundedText(facts).accepts(right)) << right;
    ASSERT_TRUE(check_reply(right, facts).ungrounded.empty()) << right;
  }
}

}  // namespace
}  // namespace matinee
