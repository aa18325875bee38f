#include "lib/constraint/token_constraint.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/base/random.h"
#include "lib/vocabulary/tokenizer_json.h"
#include "tests/support/temporary_folder.h"
#include "tests/tokenizer/small_tokenizers.h"

namespace matinee {
namespace {

using testing::small_tokenizer;
using Ids = std::vector<std::int32_t>;

TEST(TokenMask, AllTokensAreThoseWithoutHoles) {
  TokenizerDefinition definition;
  definition.vocabulary = {"a", "", "b"};
  definition.defined = {true, false, true};
  definition.byte_level = true;
  definition.byte_tokens.fill(-1);
  const TokenMask mask = all_tokens(Tokenizer(definition, {}));
  EXPECT_EQ(mask.count(), 2);
  EXPECT_TRUE(mask.allowed(0) && !mask.allowed(1) && mask.allowed(2));
}

// A finite list of strings, sorted. State: [first, last) of those that fit so far, and how many bytes came.
class WordList : public ByteAutomaton {
 public:
  explicit WordList(std::vector<std::string> words) : words_(std::move(words)) {
    std::sort(words_.begin(), words_.end());
  }
  State start() const override { return {{0, static_cast<std::uint32_t>(words_.size()), 0}}; }
  bool advance(State& state, std::uint8_t byte) const override {
    std::uint32_t &first = state.words[0], &last = state.words[1], &at = state.words[2];
    const auto fits = [&](std::uint32_t i) {
      return at < words_[i].size() && static_cast<std::uint8_t>(words_[i][at]) == byte;
    };
    while (first < last && !fits(first)) ++first;
    while (first < last && !fits(last - 1)) --last;
    ++at;
    return first < last;
  }
  bool may_end(const State& state) const override {
    return state.words[0] < state.words[1] && words_[state.words[0]].size() == state.words[2];
  }
  const std::vector<std::string>& words() const { return words_; }

 private:
  std::vector<std::string> words_;
};

// ("," "x" digit)* between braces: endless, with several ways at each step.
class DigitList : public ByteAutomaton {
 public:
  State start() const override { return {}; }
  bool advance(State& state, std::uint8_t byte) const override {
    std::uint32_t& at = state.words[0];
    const bool digit = byte >= '0' && byte <= '9';
    switch (at) {
      case 0: at = 1; return byte == '{';
      case 1: at = digit ? 2 : 4; return digit || byte == '}';
      case 2: at = digit ? 2 : byte == ',' ? 3 : 4; return digit || byte == ',' || byte == '}';
      case 3: at = 2; return digit;
      default: return false;
    }
  }
  bool may_end(const State& state) const override { return state.words[0] == 4; }
};

const std::vector<std::string> kTitles = {"Heat (1995)",
                                          "Heat and Dust (1983)",
                                          "Amélie (2001)",
                                          "The Movie",
                                          "The Movies",
                                          "What kind of movie?",
                                          "x",
                                          "{\"act\":\"inform\",\"genres\":[\"Comedy\"]}",
                                          "{\"act\":\"inform\",\"years\":[1990,1999]}",
                                          "it's",
                                          "it",
                                          "七人の侍"};

class Constraints : public ::testing::TestWithParam<const char*> {
 protected:
  Tokenizer tokenizer = small_tokenizer(GetParam());
  TokenTrie trie{tokenizer};
};
INSTANTIATE_TEST_SUITE_P(Kinds, Constraints, ::testing::Values("byte_level", "llama", "llama3_split"));

Ids allowed_ids(const TokenMask& mask) {
  Ids ids;
  for (std::int32_t id = 0; id < mask.vocab_size(); ++id)
    if (mask.allowed(id)) ids.push_back(id);
  return ids;
}

TEST_P(Constraints, RandomWalksUnderTheMaskEndInAcceptedTexts) {
  const WordList titles(kTitles);
  const DigitList digits;
  for (const ByteAutomaton* automaton : std::vector<const ByteAutomaton*>{&titles, &digits}) {
    for (std::uint64_t i = 0; i < 300; ++i) {
      Random random(41, "walk", i);
      TokenConstraint constraint(trie, *automaton, tokenizer.eos_token_id());
      Ids ids;
      while (!constraint.ended()) {
        const Ids next = allowed_ids(constraint.mask());
        ASSERT_FALSE(next.empty());
        ids.push_back(next[random.below(next.size())]);
        constraint.accept(ids.back());
      }
      EXPECT_TRUE(automaton->accepts(constraint.text())) << constraint.text();
      EXPECT_EQ(tokenizer.decode(ids, {.at_start = false}), constraint.text());
      EXPECT_EQ(allowed_ids(constraint.mask()), Ids{tokenizer.eos_token_id()});
    }
  }
}

TEST_P(Constraints, CanonicalTokenizationIsAlwaysAdmitted) {
  const WordList titles(kTitles);
  for (const std::string& title : kTitles) {
    TokenConstraint constraint(trie, titles, tokenizer.eos_token_id());
    for (const std::int32_t id : tokenizer.encode(title, {.at_start = false})) {
      ASSERT_TRUE(constraint.mask().allowed(id)) << title << " after \"" << constraint.text() << "\"";
      constraint.accept(id);
    }
    EXPECT_EQ(constraint.text(), title);
    EXPECT_TRUE(constraint.mask().allowed(tokenizer.eos_token_id()));
  }
}

TEST_P(Constraints, MaskEqualsTryingEachToken) {
  const WordList titles(kTitles);
  for (const std::string& title : kTitles) {
    TokenConstraint constraint(trie, titles, tokenizer.eos_token_id());
    ByteAutomaton::State state = titles.start();
    for (const std::int32_t taken : tokenizer.encode(title, {.at_start = false})) {
      for (std::int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
        ByteAutomaton::State at = state;
        bool fits = tokenizer.has(id) && !tokenizer.is_special(id) && !tokenizer.token_bytes(id).empty();
        for (const char c : tokenizer.token_bytes(id)) fits = fits && titles.advance(at, static_cast<std::uint8_t>(c));
        if (id == tokenizer.eos_token_id()) fits = titles.may_end(state);
        ASSERT_EQ(constraint.mask().allowed(id), fits) << id << " after \"" << constraint.text() << "\"";
      }
      constraint.accept(taken);
      for (const char c : tokenizer.token_bytes(taken)) titles.advance(state, static_cast<std::uint8_t>(c));
    }
  }
}

TEST_P(Constraints, ForcedRunsAreCanonicalAndLong) {
  const WordList one({"What kind of movie would you like?"});
  TokenConstraint constraint(trie, one, tokenizer.eos_token_id());
  Ids expected = tokenizer.encode(one.words()[0], {.at_start = false});
  expected.push_back(tokenizer.eos_token_id());
  EXPECT_EQ(constraint.forced_run(), expected) << "one text only: all of it, to the end token";

  const WordList two({"What kind of movie would you like tonight?", "What kind of movie would you like today?"});
  TokenConstraint choice(trie, two, tokenizer.eos_token_id());
  const Ids run = choice.forced_run();
  ASSERT_GE(run.size(), 5u);
  for (const std::string& text : two.words()) {
    const Ids canonical = tokenizer.encode(text, {.at_start = false});
    EXPECT_TRUE(std::equal(run.begin(), run.end(), canonical.begin())) << text;
  }
  for (const std::int32_t id : run) {
    ASSERT_TRUE(choice.mask().allowed(id));
    choice.accept(id);
  }
}

TEST_P(Constraints, ForcedRunsAgreeWithEveryTitle) {
  const WordList titles(kTitles);
  for (const std::string& title : kTitles) {
    Ids canonical = tokenizer.encode(title, {.at_start = false});
    canonical.push_back(tokenizer.eos_token_id());
    TokenConstraint constraint(trie, titles, tokenizer.eos_token_id());
    for (std::size_t t = 0; t < canonical.size();) {
      const Ids run = constraint.forced_run();
      for (const std::int32_t id : run) {
        ASSERT_LT(t, canonical.size());
        ASSERT_EQ(id, canonical[t++]) << title;
        constraint.accept(id);
      }
      if (run.empty()) constraint.accept(canonical[t++]);
    }
    EXPECT_TRUE(constraint.ended());
    EXPECT_EQ(constraint.text(), title);
  }
}

TEST(TokenConstraint, RefusesWhatTheMaskForbids) {
  const Tokenizer tokenizer = small_tokenizer("byte_level");
  const TokenTrie trie(tokenizer);
  const WordList words({"ab"});
  TokenConstraint constraint(trie, words, tokenizer.eos_token_id());
  EXPECT_EQ(testing::error_of([&] { constraint.accept(tokenizer.token_id("b")); }),
            "token " + std::to_string(tokenizer.token_id("b")) + " (\"b\") may not come after \"\"");
  EXPECT_EQ(testing::error_of([&] { constraint.accept(tokenizer.eos_token_id()); }),
            "the end token came where the text \"\" may not end");
  EXPECT_NE(testing::error_of([&] { constraint.accept(tokenizer.token_id("<|im_start|>")); }), "");
}

TEST(TokenConstraint, SaysThatAVocabularyCannotSpellTheLanguage) {
  const Tokenizer tokenizer(parse_tokenizer_json(R"({"added_tokens":[{"id":2,"content":"<e>","special":true}],
                               "model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}})",
                                                 "t.json"),
                            {});
  const TokenTrie trie(tokenizer);
  const WordList words({"az"});
  TokenConstraint constraint(trie, words, 2);
  constraint.accept(0);
  EXPECT_EQ(testing::error_of([&] { constraint.mask(); }),
            "after \"a\" the vocabulary has no token for what must come next");
}

TEST(TokenMask, ForbidsInLogits) {
  TokenMask mask(70);
  mask.allow(3);
  mask.allow(69);
  EXPECT_EQ(mask.count(), 2);
  std::vector<float> logits(80, 1.0f);
  mask.apply(logits);
  for (std::size_t id = 0; id < logits.size(); ++id) EXPECT_EQ(std::isinf(logits[id]), id != 3 && id != 69) << id;
}

}  // namespace
}  // namespace matinee
