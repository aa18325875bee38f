#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/catalog/mention_finder.h"
#include "lib/dialogue/act.h"

namespace matinee {

/// What the update of a turn may name, as the JSON has it (display names).
struct TurnNames {
  std::vector<std::string> genres, people, movies;
  /// People and movies that the user's text names, in the order of the text: what the model is told of it.
  std::vector<std::string> mentioned;
};

/// The catalogue's genres, what `finder` sees in the user's text, and the movies that the system's last acts spoke of:
/// "it" means one of those. Where several people share a surname the best reading of a place counts, and no other.
TurnNames names_in_turn(const MovieCatalog& catalog, const MentionFinder& finder, std::span<const SystemAct> acts,
                        std::string_view user_text);

}  // namespace matinee
