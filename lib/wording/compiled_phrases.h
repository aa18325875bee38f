#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/wording/phrase_pattern.h"

namespace matinee {

/// The text of each slot of a phrase, by its name.
using PhraseSlots = std::map<std::string, std::string, std::less<>>;

/// The phrases of one section in the form in which texts are drawn from them: parts put in place, and slots as numbers,
/// so that most choices take no look at the slots.
class CompiledPhrases {
 public:
  using Parts = std::map<std::string, PhraseChoices, std::less<>>;
  /// `parts` has all parts that the phrases use.
  CompiledPhrases(const PhraseChoices& phrases, const Parts& parts);

  /// Appends a random phrase with its slots filled: each of those that have all their slots in `slots` is equally
  /// likely, and so is each alternative of a group. False, with nothing drawn or appended, if no phrase has.
  bool expand(const PhraseSlots& slots, Random& random, std::string& out) const;

 private:
  struct Piece {
    enum class Kind : std::uint8_t { kText, kSlot, kChoices } kind;
    std::uint32_t number;  // of the slot or the choices; of a text its place in texts_
    std::uint32_t length;  // of the text
  };
  struct Sequence {
    std::uint32_t first, last;  // pieces
    bool always = true;         // fits without any slot
  };
  struct Choices {
    std::uint32_t first = 0, last = 0;  // sequences
    bool always = true;                 // all of them fit without any slot
    bool some = true;                   // one of them does
  };
  using Values = std::vector<const std::string*>;  // by slot; null where it is not given

  std::uint32_t add(const PhraseChoices& phrases, const Parts& parts);
  bool fits(const Sequence& sequence, const Values& values) const;
  bool any_fits(const Choices& choices, const Values& values) const;
  void choose(const Choices& choices, const Values& values, Random& random, std::string& out) const;

  std::string texts_;
  std::vector<std::string> slots_;
  std::vector<Piece> pieces_;
  std::vector<Sequence> sequences_;
  std::vector<Choices> choices_;
  std::uint32_t root_ = 0;
};

}  // namespace matinee
