#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/dialogue/byte_trie.h"
#include "lib/dialogue/reply_facts.h"
#include "lib/text/byte_automaton.h"

namespace matinee {

/// The language of grounded replies: sentences whose names, numbers and claims are all facts, and all true of one
/// candidate. Every sentence begins with a capital word or a name and ends with . ! or ?. Words in lower case come from
/// the lexicon. Only a name takes an apostrophe, for its possessive; contractions are words of the lexicon. No word is
/// longer than 20 letters, and the text is not longer than max_bytes, or than its shortest form where that is longer.
class GroundedText final : public ByteAutomaton {
 public:
  /// Throws Error(kInternal) without a capital word, or with names of more than 65,534 bytes in all.
  explicit GroundedText(const ReplyFacts& facts);

  State start() const override;
  bool advance(State& state, std::uint8_t byte) const override;
  bool may_end(const State& state) const override;

 private:
  // A text can be read in several ways ("Heat" alone, or the beginning of "Heat (1995)"). The state holds up to three
  // readings. Invariant: each of them can still come to an end within the bytes left.
  struct Reading;
  struct Position;
  // What a trie's node means. Masks are over candidates; those named reach_* cover all ends at or below the node.
  struct Node {
    std::uint32_t required = 0, free = 0, reach_required = 0, reach_free = 0;
    std::uint16_t longest = 0, longest_required = 0;  // bytes to the farthest end below
    bool starts = false, reach_starts = false, ends = false;
    char last = 0;  // last byte of a name that can take 's, else 0
  };
  enum class Ending { kNone, kCapitalWord, kFact };

  static std::vector<Node> nodes_of(const ByteTrie& trie);
  static void gather(const ByteTrie& trie, std::vector<Node>& nodes);
  void mark_facts(const ReplyFacts& facts);
  bool reachable(const Reading& reading, const Node& node) const;
  Ending end_name(Reading& reading, const Node& node) const;
  bool forbidden(const Reading& reading, std::uint32_t claim) const;
  bool dead(const Reading& reading, std::uint32_t claim) const;
  std::uint16_t word_child(std::uint16_t word, std::uint8_t byte) const;
  std::size_t tail(bool missing) const;
  std::size_t to_word_end(const Reading& reading, std::uint32_t claim, std::uint16_t word) const;
  std::size_t need(const Reading& reading) const;
  void step(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const;
  void begin_word(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const;
  void step_word(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const;
  void step_letter(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const;
  void step_name(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const;
  void step_possessive(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const;

  ByteTrie names_, claims_;
  std::vector<Node> name_nodes_, claim_nodes_;
  const Lexicon* words_;
  std::uint32_t candidates_ = 0xffff;
  bool requires_ = false, once_ = false;
  std::size_t max_bytes_, longest_required_ = 0, longest_lead_ = 0, longest_start_ = 0, shortest_word_ = 1;
};

}  // namespace matinee
