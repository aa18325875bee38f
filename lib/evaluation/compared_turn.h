#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/dialogue/preference_state.h"

namespace matinee {

/// (key, value) of an update: ("genres", "Comedy").
using SlotPair = std::pair<std::string, std::string>;

/// A turn of a user: what was meant and what was understood.
struct ComparedTurn {
  std::string source;  ///< where it is from: the id of a labelled turn, "held-out conversation 12"
  std::string before;  ///< what the system said before
  std::string text;    ///< of the user
  UserAct wanted = UserAct::kOther, found = UserAct::kOther;
  bool act_right = true;  ///< `found` is `wanted` or also allowed
  std::vector<SlotPair> right, missing, wrong;

  /// How much differs: a pair each, and the act.
  std::size_t faults() const { return missing.size() + wrong.size() + (act_right ? 0 : 1); }
};

/// Compares acts and pairs; `source`, `before` and `text` stay empty.
ComparedTurn compare_updates(const PreferenceUpdate& wanted, const PreferenceUpdate& found,
                             const MovieCatalog& catalog);

}  // namespace matinee
