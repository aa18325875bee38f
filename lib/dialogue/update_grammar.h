#pragma once

#include <string>
#include <vector>

#include "lib/dialogue/byte_trie.h"
#include "lib/dialogue/mention_resolver.h"
#include "lib/text/byte_automaton.h"

namespace matinee {

/// The language of preference updates (to_json of a PreferenceUpdate). Keys are in their order and at most once; names
/// are those given, each at most once; spans are text (span_text.h) of years 1870 to 2049 or minutes 0 to 2000. The act
/// decides on the keys: `ask` needs asks, `like` liked, `dislike` disliked, `seen` seen, `inform` any key; `accept`,
/// `why`, `leave` and `other` have none, `unsure` has at most any. parse_preference_update reads every text of the
/// language, and all of them are finite. Only the first 32 names of each kind are used.
class UpdateGrammar final : public ByteAutomaton {
 public:
  explicit UpdateGrammar(const TurnNames& names);

  State start() const override;
  bool advance(State& state, std::uint8_t byte) const override;
  bool may_end(const State& state) const override;

 private:
  // Up to 32 words in a trie. Bit i of reach[node] is set if word i ends at or below the node.
  struct Words {
    ByteTrie trie;
    std::vector<std::uint32_t> reach;
    std::vector<std::int32_t> at;  // word that ends at the node, or -1
    std::uint32_t all = 0;

    void set(const std::vector<std::string>& words);
  };

  struct Position;

  std::uint32_t open_acts() const;
  std::uint32_t open_keys(const Position& position) const;
  std::uint32_t unused(const Position& position, std::uint32_t key) const;
  const Words& words_of(std::uint32_t key) const;
  bool advance(Position& at, std::uint8_t byte) const;
  bool advance_word(Position& at, std::uint8_t byte) const;
  bool advance_span(Position& at, std::uint8_t byte) const;

  Words acts_, keys_, genres_, people_, movies_, slots_, facts_, popularity_, years_, runtime_;
};

}  // namespace matinee
