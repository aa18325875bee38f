#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/text/byte_automaton.h"
#include "lib/text/byte_trie.h"
#include "lib/understanding/turn_reading.h"

namespace matinee {

/// The language of the readings (to_text) that a turn can have: an act that the state allows, for each mark in turn one
/// of its roles, and slots to leave open (those asked about, or any where the turn has words for that) or to take back
/// (where it has words for that). parse_turn_reading
/// reads every text of the language, and all of them are finite.
class ReadingGrammar final : public ByteAutomaton {
 public:
  ReadingGrammar(std::string_view user_text, std::span<const Mark> marks, const TurnContext& context);

  State start() const override;
  bool advance(State& state, std::uint8_t byte) const override;
  bool may_end(const State& state) const override;
  void add_steps(const State& state, std::vector<Step>& steps) const override;

 private:
  // The words that may stand at one place of the text. Bit i of reach[node] is set if word i,
  // of the first 32, ends at or below the node; the last stage needs it and has fewer.
  struct Stage {
    ByteTrie trie;
    std::vector<std::uint32_t> reach;
    std::vector<std::int32_t> word;  // by node: the word that ends there, or -1

    explicit Stage(const std::vector<std::string>& words);
  };
  struct Position {
    std::uint32_t stage = 0, node = 0;
    std::uint32_t open = 0;  // in the last stage: words that may still come, each once and in their order
  };

  bool enter(Position& at, std::uint32_t stage, std::uint8_t byte) const;
  bool in_extras(const Position& at) const { return at.stage == extras_; }

  std::vector<Stage> stages_;
  std::uint32_t extras_ = 0;  // the last stage: "any" and "drop", none or several of them
};

}  // namespace matinee
