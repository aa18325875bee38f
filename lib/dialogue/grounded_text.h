#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/dialogue/byte_trie.h"
#include "lib/dialogue/reply_facts.h"
#include "lib/text/byte_automaton.h"

namespace matinee {

/// Sentences in which every name, number and claim is a fact: lower-case words are of the lexicon, all else must be
/// among the facts; facts must agree on a candidate; every sentence begins with a capital word or a name and ends with
/// . ! or ?; no word is longer than 20 letters and the text not longer than max_bytes (or than its shortest form, where
/// that is longer).
class GroundedText final : public ByteAutomaton {
 public:
  explicit GroundedText(const ReplyFacts& facts);

  State start() const override;
  bool advance(State& state, std::uint8_t byte) const override;
  bool may_end(const State& state) const override;

 private:
  // A name may be the beginning of another or of a sentence ("Heat", "Heat (1995)"), so up to three readings of the
  // text so far are followed. What a reading needs to come to an end fits into the bytes left, always.
  struct Reading;
  struct Node {  // of a trie; masks are over candidates, of this node or of all at and below it
    std::uint32_t required = 0, free = 0, reach_required = 0, reach_free = 0;
    std::uint16_t longest = 0, longest_required = 0;  // bytes to the farthest end below
    bool starts = false, reach_starts = false, ends = false;
  };

  static std::vector<Node> nodes_of(const ByteTrie& trie);
  static void gather(const ByteTrie& trie, std::vector<Node>& nodes);
  bool reachable(const Reading& reading, const Node& node) const;
  bool complete(Reading& reading, const Node& node) const;
  bool forbidden(const Reading& reading, std::uint32_t claim) const;
  bool dead(const Reading& reading, std::uint32_t claim) const;
  std::uint32_t lead_on(std::uint32_t word, std::uint8_t byte) const;
  std::size_t tail(bool missing) const;
  std::size_t to_word_end(const Reading& reading, std::uint32_t claim, std::uint32_t word) const;
  std::size_t need(const Reading& reading) const;
  void step(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const;
  void boundary(Reading reading, std::uint8_t byte, std::vector<Reading>& next) const;
  void begin_word(Reading reading, std::uint8_t byte, std::vector<Reading>& next) const;

  ByteTrie names_, claims_;
  std::vector<Node> name_nodes_, claim_nodes_;
  const Lexicon* words_;
  std::uint32_t candidates_ = 0xffff;
  bool requires_ = false, once_ = false;
  std::size_t max_bytes_, longest_required_ = 0, longest_lead_ = 0, longest_start_ = 0, shortest_word_ = 1;
};

}  // namespace matinee
