#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/dialogue/act.h"
#include "lib/dialogue/byte_trie.h"
#include "lib/dialogue/phrasebook.h"
#include "lib/text/token_constraint.h"

namespace matinee {

/// What one reply may name.
struct Grounds {
  std::vector<std::string>
      names;  ///< written with a capital or a digit: titles, people, years, numbers, sentence words
  std::vector<std::string> required;  ///< one of these must be in the reply (titles of the candidates); none: no demand
  std::vector<std::string> forbidden;  ///< lower-case words that would not be true (genres, "popular")
};

/// What a system act may name: its movies with all their facts, the values of the state that hold for them, and the
/// capital words of the phrasebook.
class GroundsMaker {
 public:
  GroundsMaker(const MovieCatalog& catalog, const Phrasebook& phrasebook);
  Grounds of(const SystemAct& act) const;

 private:
  const MovieCatalog& catalog_;
  std::vector<std::string> sentence_words_;
};

/// Running text that names nothing but what its grounds allow: lower-case words are free (but for the forbidden ones);
/// a capital, a digit or a letter beyond ASCII may only begin one of the names, and then the whole name follows.
class GroundedText final : public ByteAutomaton {
 public:
  explicit GroundedText(const Grounds& grounds);

  State start() const override;
  bool advance(State& state, std::uint8_t byte) const override;
  bool may_end(const State& state) const override;

 private:
  ByteTrie names_, forbidden_;
  std::vector<bool> is_required_;  // by number of the name
  bool demands_ = false;
};

/// The names, years and numbers in `text` that `grounds` do not allow, and the forbidden words; empty for a grounded
/// reply. Does not use the automaton, so that it can judge it.
std::vector<std::string> ungrounded_words(std::string_view text, const Grounds& grounds);

}  // namespace matinee
