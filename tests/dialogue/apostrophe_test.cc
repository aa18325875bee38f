// After an apostrophe, a grounded reply has only the end of a listed contraction or of a possessive.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/constraint/token_trie.h"
#include "lib/dialogue/grounded_text.h"
#include "lib/tokenizer/tokenizer.h"
#include "tests/dialogue/sample_world.h"

namespace matinee {
namespace {

using testing::SampleWorld;

ReplyFacts some_facts() {
  const SampleWorld& world = SampleWorld::get();
  const MovieId heat = world.catalog.find_display_name("Heat (1995)").value();
  const SystemAct act{.kind = SystemActKind::kRecommend,
                      .movie = heat,
                      .candidates = {{heat, 1, {{Reason::Kind::kPerson, world.catalog.cast(heat)[0]}}}}};
  ReplyFacts facts = reply_facts(act, world.catalog, world.words);
  facts.names.push_back({"Jeff Bridges"});
  return facts;
}

std::string straight(std::string text) {
  const std::string typographic = "\u2019";
  for (std::size_t at = 0; (at = text.find(typographic)) != std::string::npos;)
    text.replace(at, typographic.size(), "'");
  return text;
}

// The listed words with an apostrophe.
std::vector<std::string> contractions() {
  const ReplyWords& words = SampleWorld::get().words;
  std::vector<std::string> all;
  for (const std::string& word : words.capital_words()) {
    if (word.find('\'') == std::string::npos) continue;
    all.push_back(word);
    std::string lower = word;
    if (lower[0] != 'I' || lower[1] != '\'') lower[0] = static_cast<char>(lower[0] + 32);
    if (words.lexicon().contains(lower)) all.push_back(lower);
  }
  return all;
}

// True if each apostrophe of the text is in a listed contraction or a possessive. The last one may be unfinished.
bool well_formed(std::string text, const ReplyFacts& facts, const std::vector<std::string>& listed) {
  text = straight(std::move(text));
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '\''; };
  for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; ++at) {
    std::size_t begin = at, end = at;
    while (begin > 0 && letter(text[begin - 1])) --begin;
    while (end < text.size() && letter(text[end])) ++end;
    const std::string word = text.substr(begin, end - begin), ending = text.substr(at, end - at);
    const bool unfinished = end == text.size();
    const bool is_listed = std::any_of(listed.begin(), listed.end(), [&](const std::string& contraction) {
      return unfinished ? contraction.starts_with(word) : contraction == word;
    });
    const bool is_possessive = std::any_of(facts.names.begin(), facts.names.end(), [&](const ReplyFact& name) {
      const bool bare = unfinished || name.text.ends_with('s');
      return text.substr(0, at).ends_with(name.text) && !is_first_person(name.text) &&
             (ending == "'s" || (ending == "'" && bare));
    });
    if (!is_listed && !is_possessive) return false;
  }
  return true;
}

TEST(Apostrophe, OnlyListedContractionsAndPossessives) {
  const ReplyFacts facts = some_facts();
  const GroundedText language(facts);
  for (const char* good :
       {"I've one for you: Heat (1995).", "I\u2019ve one for you: Heat (1995).", "It's Heat (1995).",
        "It\u2019s Heat (1995), and you'd like it.", "Don't wait: try Heat (1995).",
        "Try Heat (1995), it isn\u2019t old.", "Try Al Pacino's Heat (1995).", "Try Al Pacino\u2019s Heat (1995).",
        "Try Jeff Bridges' Heat (1995).", "Try Jeff Bridges\u2019 Heat (1995).", "Try Jeff Bridges's Heat (1995)."}) {
    EXPECT_TRUE(language.accepts(good)) << good;
    EXPECT_TRUE(check_reply(good, facts).ungrounded.empty()) << good << ": " << check_reply(good, facts).ungrounded[0];
  }
  for (const char* bad :
       {"I'venture to say Heat (1995).", "I'veiled it: Heat (1995).", "I'very: Heat (1995).",
        "I\u2019very: Heat (1995).", "I's Heat (1995).", "I-very: Heat (1995).", "It'very: Heat (1995).",
        "It's's Heat (1995).", "Don'try Heat (1995).", "Try Heat (1995), it'very.", "Try Heat (1995), you's.",
        "Try Al Pacino'very (1995).", "Try Al Pacino'd Heat (1995).", "Try Al Pacino' Heat (1995).",
        "Try Jeff Bridges'very Heat (1995).", "Try Heat (1995), i've.", "Try Heat (1995), dont wait.",
        "Ive one: Heat (1995)."}) {
    EXPECT_FALSE(language.accepts(bad)) << bad;
    EXPECT_FALSE(check_reply(bad, facts).ungrounded.empty()) << bad;
  }
}

// Random walks that prefer apostrophes.
TEST(Apostrophe, NoWalkLeavesTheList) {
  const ReplyFacts facts = some_facts();
  const GroundedText language(facts);
  const std::vector<std::string> listed = contractions();
  EXPECT_GT(listed.size(), 60u);
  Random random(1, "walks");
  std::size_t seen = 0;
  for (int i = 0; i < 400; ++i) {
    std::string text;
    ByteAutomaton::State state = language.start();
    while (!language.may_end(state) || text.size() < 60) {
      std::vector<std::uint8_t> open, apostrophes;
      for (int byte = 0; byte < 256; ++byte) {
        ByteAutomaton::State next = state;
        if (!language.advance(next, static_cast<std::uint8_t>(byte))) continue;
        (byte == '\'' || byte >= 0x80 ? apostrophes : open).push_back(static_cast<std::uint8_t>(byte));
      }
      if (open.empty() && apostrophes.empty()) break;
      const std::uint8_t byte =
          open.empty() || (!apostrophes.empty() && random.chance(0.8)) ? random.pick(apostrophes) : random.pick(open);
      ASSERT_TRUE(language.advance(state, byte));
      text += static_cast<char>(byte);
    }
    ASSERT_TRUE(well_formed(text, facts, listed)) << text;
    const std::string plain = straight(text);
    seen += static_cast<std::size_t>(std::count(plain.begin(), plain.end(), '\''));
  }
  EXPECT_GT(seen, 100u);
}

// All tokens of real vocabularies, right after an apostrophe or where one may follow.
TEST(Apostrophe, NoTokenLeavesTheList) {
  const ReplyFacts facts = some_facts();
  const GroundedText language(facts);
  const std::vector<std::string> listed = contractions();
  std::vector<std::string> paths{"testdata/mini"};
  for (const char* name : {"gpt2/tokenizer.json", "llama2", "mistral_7b", "qwen2"}) {
    if (const std::string path = testing::real_data(std::string("tokenizers/") + name); !path.empty())
      paths.push_back(path);
  }
  for (const std::string& path : paths) {
    const Tokenizer tokenizer = Tokenizer::load(path);
    const TokenTrie trie(tokenizer);
    for (const char* begun :
         {"", "I", "I'", "I\u2019", "It'", "Don", "Don'", "You'", "Try it, you", "Try it, you'", "Try it, it\u2019",
          "Try Al Pacino", "Try Al Pacino'", "Try Jeff Bridges'", "Try it, don'"}) {
      ByteAutomaton::State state = language.start();
      for (const char c : std::string_view(begun))
        ASSERT_TRUE(language.advance(state, static_cast<std::uint8_t>(c))) << begun;
      TokenMask mask(tokenizer.vocab_size());
      trie.allow(language, state, mask);
      EXPECT_GT(mask.count(), 0) << path << ": " << begun;
      for (std::int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
        if (!mask.allowed(id)) continue;
        const std::string text = begun + std::string(tokenizer.token_bytes(id));
        // A token may end inside a typographic apostrophe.
        if (static_cast<std::uint8_t>(text.back()) >= 0x80 && !text.ends_with("\u2019")) continue;
        EXPECT_TRUE(well_formed(text, facts, listed)) << path << ": " << text;
      }
    }
  }
}

}  // namespace
}  // namespace matinee
