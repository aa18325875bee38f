#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/dialogue/act.h"
#include "lib/dialogue/byte_trie.h"
#include "lib/dialogue/phrasebook.h"
#include "lib/text/token_constraint.h"

namespace matinee {

/// Something that a reply may say, and of which movies it is true.
struct ReplyFact {
  std::string text;
  std::uint32_t of = ~0u;  ///< bit c: true of candidate c, c < 16; all bits: true whatever the candidate
  bool required = false;   ///< the reply must say one of those with this mark
};

/// What a reply is grounded in.
struct ReplyFacts {
  std::vector<ReplyFact> names;            ///< titles, people, years, numbers: all that has capitals or digits
  std::vector<ReplyFact> claims;           ///< words like "comedy": only for the candidates named, elsewhere forbidden
  std::vector<std::string> capital_words;  ///< what else may begin a sentence
  bool once = false;                       ///< only one of the required names may stand in the reply
  std::size_t max_bytes = 240;
};

/// The facts for wording an act: the movies' titles, the people, years and numbers that the act is about, genres of
/// those movies; of a recommendation one candidate's title is required and the reasons must be true of that one; of an
/// answer the fact is required where the catalogue knows it.
ReplyFacts reply_facts(const SystemAct& act, const PreferenceState& preferences, const MovieCatalog& catalog,
                       const Phrasebook& phrasebook);

/// Sentences in which every name, number and claim is a fact: lower-case words are free, all else must be among the
/// facts; facts must agree on a candidate; every sentence begins with a capital word or a name and ends with . ! or ?;
/// no word is longer than 20 letters and the text not longer than max_bytes (or than its shortest form, where that is
/// longer).
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
  bool forbidden(const Reading& reading) const;
  std::size_t tail(bool missing) const;
  std::size_t need(const Reading& reading) const;
  void step(const Reading& reading, std::uint8_t byte, std::vector<Reading>& next) const;
  void boundary(Reading reading, std::uint8_t byte, std::vector<Reading>& next) const;
  void begin_word(Reading reading, std::uint8_t byte, std::vector<Reading>& next) const;

  ByteTrie names_, claims_;
  std::vector<Node> name_nodes_, claim_nodes_;
  std::uint32_t candidates_ = 0xffff;
  bool requires_ = false, once_ = false;
  std::size_t max_bytes_, longest_required_ = 0, longest_start_ = 0;
};

/// Capitalised words, numbers and claims of `text` that are no facts; facts of different candidates in one text are
/// reported as "A / B". Empty: the text is grounded. For evaluation: shares no code with GroundedText.
std::vector<std::string> ungrounded_names(std::string_view text, const ReplyFacts& facts);

}  // namespace matinee
