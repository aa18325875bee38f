#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/catalog/person_index.h"
#include "lib/catalog/title_index.h"
#include "lib/dialogue/preference_names.h"

namespace matinee {

/// Movies, people and genres as users name them. A movie: a tconst, an imdb.com address, a display name, a title as
/// TitleIndex finds it, or the number of a part of a series ("Harry Potter 3"). A person: as PersonIndex finds them. A
/// genre: any case, or a usual word for it ("scifi", "rom-com"). Where a text may mean several, the best known is
/// taken.
class QueryNames final : public PreferenceNames {
 public:
  /// `note` gets a line where a text was misspelled or may mean several. `catalog` and `pool` must outlive this.
  QueryNames(const MovieCatalog& catalog, ThreadPool& pool, std::function<void(std::string_view)> note);

  /// Each throws Error(kMissing) with what is near.
  MovieId movie(std::string_view text) const override;
  PersonId person(std::string_view text) const override;
  std::vector<GenreId> genres(std::string_view text) const override;

 private:
  std::optional<MovieId> by_id(std::string_view text) const;
  std::optional<MovieId> part_of_series(std::string_view text) const;

  const MovieCatalog& catalog_;
  TitleIndex titles_;
  PersonIndex people_;
  std::function<void(std::string_view)> note_;
};

}  // namespace matinee
