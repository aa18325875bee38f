// Replies and readings under the vocabularies of real models, whatever their tokens are: a model can choose nothing
// that damages a text.
#include "tests/chat/real_vocabularies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <optional>

#include "lib/constraint/margin_language.h"
#include "lib/constraint/token_constraint.h"
#include "lib/tokenizer/stream_decoder.h"
#include "lib/understanding/reading_grammar.h"
#include "lib/wording/phrase_language.h"
#include "lib/wording/reply_check.h"
#include "lib/wording/wording.h"
#include "tests/understanding/sample_evidence.h"
#include "tests/wording/random_acts.h"

namespace matinee {
namespace {

using testing::built_in_phrases;
using testing::SampleWorld;
using Ids = std::vector<std::int32_t>;

Ids allowed_ids(const TokenMask& mask) {
  Ids ids;
  for (std::size_t word = 0; word < mask.words().size(); ++word) {
    for (std::uint64_t bits = mask.words()[word]; bits != 0; bits &= bits - 1)
      ids.push_back(static_cast<std::int32_t>(word * 64 + static_cast<std::size_t>(std::countr_zero(bits))));
  }
  return ids;
}

int kind_of(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 ? 4 : std::isupper(byte) != 0 ? 3 : std::islower(byte) != 0 ? 2 : std::isdigit(byte) != 0 ? 1 : 0;
}

// What a bad model might prefer.
enum class Taste : std::uint8_t { kAny, kLong, kShort, kMixed, kContracted, kEndless };
constexpr int kTastes = 6;

// How much the taste likes the token; equal ones are drawn among.
int liking(Taste taste, std::string_view bytes) {
  switch (taste) {
    case Taste::kLong: return static_cast<int>(bytes.size());
    case Taste::kShort: return -static_cast<int>(bytes.size());
    case Taste::kMixed: {  // tokens that span words and punctuation
      int changes = 0;
      for (std::size_t i = 1; i < bytes.size(); ++i) changes += kind_of(bytes[i]) != kind_of(bytes[i - 1]) ? 1 : 0;
      return changes;
    }
    case Taste::kContracted: return bytes.find('\'') != bytes.npos || bytes.find("\u2019") != bytes.npos ? 1 : 0;
    case Taste::kAny:
    case Taste::kEndless: return 0;
  }
  return 0;
}

class RealVocabularies : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const auto [name, path] = testing::real_vocabularies()[static_cast<std::size_t>(GetParam())];
    if (path.empty()) GTEST_SKIP() << "no vocabulary of " << name << " (REAL_DATA or BASE)";
    tokenizer.emplace(Tokenizer::load(path));
    trie.emplace(*tokenizer);
    end = testing::end_token(*tokenizer);
    ASSERT_GE(end, 0);
  }

  // A text of the language, token by token; checks that it is one, and that a user reads just these bytes.
  std::string walk(const ByteAutomaton& language, Taste taste, Random& random) const {
    TokenConstraint constraint(*trie, language, end);
    StreamDecoder stream(*tokenizer, {.at_start = false});
    std::string shown;
    for (int tokens = 0; !constraint.ended(); ++tokens) {
      EXPECT_LT(tokens, 2000) << constraint.text();
      Ids next;
      if (random.chance(0.5)) next = constraint.forced_run();
      if (next.empty()) {
        const Ids ids = allowed_ids(constraint.mask());
        EXPECT_FALSE(ids.empty());
        Ids best;
        int most = 0;
        for (const std::int32_t id : ids) {
          if (id == end && ids.size() > 1 && taste == Taste::kEndless) continue;
          const int liked = id == end ? 0 : liking(taste, tokenizer->token_bytes(id));
          if (best.empty() || liked > most) {
            best.clear();
            most = liked;
          }
          if (liked == most) best.push_back(id);
        }
        next.push_back(random.pick(best));
      }
      for (const std::int32_t id : next) {
        constraint.accept(id);
        if (id != end) shown += stream.push(id);
      }
    }
    shown += stream.finish();
    EXPECT_EQ(shown, constraint.text());
    EXPECT_TRUE(language.accepts(constraint.text())) << constraint.text();
    return constraint.text();
  }

  // Every token of the canonical spelling is allowed, the end behind it is, and forced tokens are those of this
  // spelling.
  void expect_admitted(const ByteAutomaton& language, std::string_view text) const {
    TokenConstraint constraint(*trie, language, end);
    Ids canonical = tokenizer->encode(text, {.at_start = false}), forced;
    canonical.push_back(end);
    for (std::size_t i = 0; i < canonical.size(); ++i) {
      const std::int32_t id = canonical[i];
      ASSERT_TRUE(constraint.mask().allowed(id)) << "\"" << tokenizer->token_bytes(id) << "\" of " << text;
      if (forced.empty()) forced = constraint.forced_run();
      if (!forced.empty()) {
        ASSERT_EQ(forced.front(), id) << "\"" << constraint.text() << "\" of " << text;
        forced.erase(forced.begin());
      }
      constraint.accept(id);
    }
  }

  std::optional<Tokenizer> tokenizer;
  std::optional<TokenTrie> trie;
  std::int32_t end = -1;
};
INSTANTIATE_TEST_SUITE_P(Models, RealVocabularies, ::testing::Range(0, 4),
                         [](const auto& model) { return testing::real_vocabularies()[model.param].first; });

TEST_P(RealVocabularies, AnyModelsRepliesAreGrounded) {
  const MovieCatalog& catalog = SampleWorld::get().catalog;
  Random random(7, "real vocabularies");
  for (int kind = 0; kind < kSystemActKinds; ++kind) {
    for (int taste = 0; taste < kTastes; ++taste) {
      const auto made = testing::random_act(static_cast<SystemActKind>(kind), catalog, random);
      SaidSentences said;
      for (int turn = 0; turn < 2; ++turn) {
        const PhraseLanguage language(built_in_phrases(), possible_wordings(made.act, made.preferences, catalog),
                                      &said);
        const std::string text = walk(language, static_cast<Taste>(taste), random);
        const ReplyCheck check = check_reply(text, made.act, made.preferences, catalog);
        EXPECT_TRUE(check.ungrounded.empty() && check.complete) << text;
        said.add(text);
      }
    }
  }
}

TEST_P(RealVocabularies, CanonicalRepliesAreAdmitted) {
  const MovieCatalog& catalog = SampleWorld::get().catalog;
  Random random(8, "real vocabularies");
  for (int kind = 0; kind < kSystemActKinds; ++kind) {
    for (int i = 0; i < 3; ++i) {
      const auto made = testing::random_act(static_cast<SystemActKind>(kind), catalog, random);
      const auto requests = possible_wordings(made.act, made.preferences, catalog);
      const PhraseLanguage language(built_in_phrases(), requests);
      for (const PhraseRequest& request : requests)
        expect_admitted(language, built_in_phrases().expand(request.section, request.slots, random));
    }
  }
}

// Contractions, both apostrophes, quotation marks, capitals, and names that tokens run across.
TEST_P(RealVocabularies, ContractionsAndQuotesStayWhole) {
  Phrasebook book;
  book.add_text(
      "[s]\n(I've|I\u2019ve|You've|We'll|They\u2019re|It's|I'd|DON'T) (seen|loved|a venture for) (it|{movie})(.|!|?)\n"
      "(Try|\u201cTry|\"Try) \u2018{movie}\u2019(\u201d|\"|), (isn't|ISN\u2019T|I'm told it's) (great|the '90s' "
      "best)\u2026\n",
      "book");
  const PhraseRequest request{"s", {{"movie", "Ocean's Eleven (2001)"}}};
  const PhraseLanguage language(book, {&request, 1});
  Random random(9, "contractions");
  for (int i = 0; i < 120; ++i) {
    walk(language, static_cast<Taste>(i % kTastes), random);
    expect_admitted(language, book.expand("s", request.slots, random));
  }
  // The same behind a space that a template puts before replies.
  const MarginLanguage with_margins(language, " ", " ");
  for (int i = 0; i < 60; ++i) walk(with_margins, static_cast<Taste>(i % kTastes), random);
}

TEST_P(RealVocabularies, AnyModelsReadingsCanBeRead) {
  Random random(10, "readings");
  const MovieId standing = 3;
  for (const char* text : {"a comedy from the 90s, not too long", "I've seen it, something newer with Tom Hanks?",
                           "no horror. anything else, whatever", "who's in it? and don't show me \u201cHeat\u201d"}) {
    std::vector<SystemAct> acts;
    if (random.chance(0.5)) acts.push_back({.kind = SystemActKind::kRecommend, .movie = standing});
    const TurnContext context(acts);
    const std::vector<Mark> marks = testing::sample_evidence().find(acts, text);
    const ReadingGrammar language(text, marks, context);
    for (int i = 0; i < 60; ++i) {
      const std::string reading = walk(language, static_cast<Taste>(i % kTastes), random);
      const TurnReading read = parse_turn_reading(reading, marks.size());
      EXPECT_EQ(to_text(read, context.standing >= 0), reading);
      expect_admitted(language, reading);
    }
  }
}

// A language's steps are the bytes that it takes one by one.
void expect_steps(const ByteAutomaton& language, Random& random) {
  for (int text = 0; text < 20; ++text) {
    ByteAutomaton::State state = language.start();
    for (int at = 0; at < 60; ++at) {
      std::vector<ByteAutomaton::Step> steps, tried;
      language.add_steps(state, steps);
      language.ByteAutomaton::add_steps(state, tried);
      std::ranges::sort(steps, {}, &ByteAutomaton::Step::byte);
      ASSERT_EQ(steps.size(), tried.size());
      for (std::size_t i = 0; i < steps.size(); ++i) {
        EXPECT_EQ(steps[i].byte, tried[i].byte);
        EXPECT_EQ(steps[i].state, tried[i].state);
      }
      if (steps.empty()) break;
      state = random.pick(steps).state;
    }
  }
}

TEST(Languages, StepsAreWhatAdvanceTakes) {
  const MovieCatalog& catalog = SampleWorld::get().catalog;
  Random random(12, "steps");
  for (int kind = 0; kind < kSystemActKinds; ++kind) {
    const auto made = testing::random_act(static_cast<SystemActKind>(kind), catalog, random);
    SaidSentences said;
    said.add("Hello! What kind of movie are you in the mood for?");
    const PhraseLanguage language(built_in_phrases(), possible_wordings(made.act, made.preferences, catalog), &said);
    expect_steps(language, random);
    expect_steps(MarginLanguage(language, " ", " "), random);
  }
  for (const bool stands : {true, false}) {
    std::vector<SystemAct> acts{{.kind = SystemActKind::kAsk, .slot = Slot::kGenre}};
    if (stands) acts.push_back({.kind = SystemActKind::kRecommend, .movie = 3});
    const std::string text = "anything newer with Tom Hanks, no horror, whatever. actually forget that";
    const ReadingGrammar language(text, testing::sample_evidence().find(acts, text), TurnContext(acts));
    expect_steps(language, random);
    expect_steps(MarginLanguage(language, " ", " "), random);
  }
}

// The mask is what trying each token of the vocabulary one by one gives.
TEST_P(RealVocabularies, TheMaskIsThatOfEachToken) {
  const MovieCatalog& catalog = SampleWorld::get().catalog;
  Random random(11, "masks");
  for (const SystemActKind kind : {SystemActKind::kRecommend, SystemActKind::kGreet}) {
    const auto made = testing::random_act(kind, catalog, random);
    const PhraseLanguage language(built_in_phrases(), possible_wordings(made.act, made.preferences, catalog));
    TokenConstraint constraint(*trie, language, end);
    ByteAutomaton::State state = language.start();
    for (int step = 0; step < 6 && !constraint.ended(); ++step) {
      const TokenMask& mask = constraint.mask();
      for (std::int32_t id = 0; id < tokenizer->vocab_size(); ++id) {
        if (id == end) continue;
        ByteAutomaton::State at = state;
        const std::string_view bytes = tokenizer->token_bytes(id);
        bool fits = tokenizer->has(id) && !tokenizer->is_special(id) && !bytes.empty();
        for (std::size_t i = 0; fits && i < bytes.size(); ++i)
          fits = language.advance(at, static_cast<std::uint8_t>(bytes[i]));
        ASSERT_EQ(mask.allowed(id), fits) << id << " after \"" << constraint.text() << "\"";
      }
      const Ids ids = allowed_ids(mask);
      const std::int32_t taken = random.pick(ids);
      constraint.accept(taken);
      if (taken == end) break;
      for (const char c : tokenizer->token_bytes(taken)) language.advance(state, static_cast<std::uint8_t>(c));
    }
  }
}

}  // namespace
}  // namespace matinee
