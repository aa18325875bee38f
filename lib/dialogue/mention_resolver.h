#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/catalog/mention_finder.h"
#include "lib/dialogue/genre_finder.h"
#include "lib/dialogue/system_act.h"

namespace matinee {

/// What the update of a turn may name, as the JSON has it (display names).
struct TurnNames {
  std::vector<std::string> genres, people, movies;
  /// People, movies and genres that the user's text names, in the order of the text: what the model is told of it.
  std::vector<std::string> mentioned;
};

/// Reads the names off a user's turn. Everything by reference; must outlive this.
class MentionResolver {
 public:
  MentionResolver(const MovieCatalog& catalog, const MentionFinder& mentions, const Phrasebook& phrasebook)
      : catalog_(catalog), mentions_(mentions), genres_(catalog, phrasebook) {}

  /// The catalog's genres, what the text mentions, and the movies that the system's last acts spoke of: "it" means
  /// one of those. Where several people share a surname the best reading of a place counts, and no other.
  TurnNames names(std::span<const SystemAct> acts, std::string_view user_text) const;
  const MentionFinder& mentions() const { return mentions_; }

 private:
  const MovieCatalog& catalog_;
  const MentionFinder& mentions_;
  GenreFinder genres_;
};

}  // namespace matinee
