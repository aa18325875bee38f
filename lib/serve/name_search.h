#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "lib/catalog/movie_catalog.h"
#include "lib/catalog/person_index.h"
#include "lib/catalog/title_index.h"

namespace matinee {

/// Finds films and people by what a user has typed so far. Thread-safe.
class NameSearch {
 public:
  /// `catalog` must outlive this.
  explicit NameSearch(const MovieCatalog& catalog);

  /// At most `limit`: of a tconst its film; else films as TitleIndex finds them, then those with a title in which a
  /// word begins so, the best known first.
  std::vector<MovieId> movies(std::string_view text, std::size_t limit);
  /// Likewise, as PersonIndex finds them.
  std::vector<PersonId> people(std::string_view text, std::size_t limit);

 private:
  /// Folded names, each with a space before it and a newline behind, in order of the ids.
  struct Beginnings {
    std::string names;
    std::vector<std::uint32_t> starts;

    void add(std::string_view name);
    std::vector<std::int32_t> find(std::string_view text, std::size_t limit) const;
  };

  const MovieCatalog& catalog_;
  std::mutex mutex_;
  TitleIndex titles_;
  PersonIndex people_;
  Beginnings title_words_, person_words_;  // made by the first search
};

}  // namespace matinee
