#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/catalog/mention_finder.h"
#include "lib/dialogue/genre_finder.h"
#include "lib/dialogue/system_act.h"

namespace matinee {

/// The names that an update may contain, as display names.
struct TurnNames {
  std::vector<std::string> genres, people, movies;
  /// People, movies and genres that the user's text mentions, in its order. They are part of the prompt.
  std::vector<std::string> mentioned;
};

/// Resolves the names that a user's text mentions. All by reference; they must outlive this.
class MentionResolver {
 public:
  MentionResolver(const MovieCatalog& catalog, const MentionFinder& mentions, const Phrasebook& phrasebook)
      : catalog_(catalog), mentions_(mentions), genres_(catalog, phrasebook) {}

  /// All genres, the names that the text mentions, and the movies of the system's last acts, to which "it" refers. If
  /// people share a surname, only the best match of a place counts.
  TurnNames names(std::span<const SystemAct> acts, std::string_view user_text) const;
  const MentionFinder& mentions() const { return mentions_; }

 private:
  const MovieCatalog& catalog_;
  const MentionFinder& mentions_;
  GenreFinder genres_;
};

}  // namespace matinee
