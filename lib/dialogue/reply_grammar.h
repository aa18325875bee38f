#pragma once

#include <string>
#include <vector>

#include "lib/dialogue/byte_trie.h"
#include "lib/dialogue/mention_resolver.h"
#include "lib/text/byte_automaton.h"

namespace matinee {

/// The language of preference updates (to_json of a PreferenceUpdate), byte by byte: keys in their order and at most
/// once, only names given, none twice, spans as text (span_text.h; years 1870..2049, minutes 0..2000), and what the act
/// demands: `ask` has asks, `like` liked, `dislike` disliked, `seen` seen, `inform` something; `accept`, `why` and
/// `leave` say nothing more, `unsure` at most any. Whatever it accepts, parse_preference_update reads. Texts of it are
/// finite: no list repeats an item. At most 32 names of a kind count, the first ones.
class UpdateGrammar final : public ByteAutomaton {
 public:
  explicit UpdateGrammar(const TurnNames& names);

  State start() const override { return {}; }
  bool advance(State& state, std::uint8_t byte) const override;
  bool may_end(const State& state) const override;

 private:
  // Up to 32 words in a trie; reach[node]: bit i where word i is at or below the node.
  struct Words {
    ByteTrie trie;
    std::vector<std::uint32_t> reach;
    std::vector<std::int32_t> at;  // word that ends at the node, or -1
    std::uint32_t all = 0;

    void set(const std::vector<std::string>& words);
  };

  std::uint32_t open_keys(const State& state) const;
  std::uint32_t unused(const State& state, std::uint32_t key) const;
  const Words& words_of(std::uint32_t key) const;
  bool advance_word(State& state, std::uint8_t byte) const;
  bool advance_span(State& state, std::uint8_t byte) const;

  Words acts_, keys_, genres_, people_, movies_, slots_, facts_, popularity_, years_, runtime_;
};

}  // namespace matinee
