#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/random.h"
#include "lib/understanding/evidence_finder.h"
#include "lib/understanding/turn_reading.h"

namespace matinee {

/// A turn of a real or invented user with labels by hand (docs/formats.md, testdata/turns).
struct LabelledTurn {
  std::string id, state;  ///< state: "open", "rec", "op", "list", "q:SLOT"
  std::string text;
  TurnReading reading;  ///< without roles
  struct Label {
    std::size_t begin, end;         ///< bytes of the text
    std::string kind, role, value;  ///< as in the file: "movie liked", "genre want Comedy"
  };
  std::vector<Label> labels;
  std::vector<Slot> either;  ///< kGenre, kPerson: the wanted ones are alternatives
};

/// Reads one line of JSON. Throws Error(kBadData).
LabelledTurn parse_labelled_turn(std::string_view json);

/// The acts of the system in a turn's state. `movie`: the one that stands. The choice among the acts that bring the
/// state about is random.
std::vector<SystemAct> acts_of_state(std::string_view state, MovieId movie, Random& random);

/// The marks that `finder` finds in the turn, with its labelled movies and people in their places, and the roles that
/// the labels give them. A label that no mark covers is lost; a mark without a label has the role none.
struct MarkedTurn {
  std::vector<Mark> marks;
  TurnReading reading;
};
MarkedTurn marked_turn(const LabelledTurn& turn, const EvidenceFinder& finder, std::span<const SystemAct> acts);

}  // namespace matinee
