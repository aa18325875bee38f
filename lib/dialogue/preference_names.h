#pragma once

#include <string_view>
#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// Finds what the texts in a preference state's JSON name. Each function throws Error(kBadData or kMissing) for a text
/// that names nothing.
class PreferenceNames {
 public:
  virtual ~PreferenceNames() = default;
  virtual MovieId movie(std::string_view text) const = 0;
  virtual PersonId person(std::string_view text) const = 0;
  virtual std::vector<GenreId> genres(std::string_view text) const = 0;  ///< those that the text means together
};

/// Display names and IMDb's genres, exactly as they are written; a movie's tconst names it, too.
class DisplayNames final : public PreferenceNames {
 public:
  /// `catalog` must outlive this.
  explicit DisplayNames(const MovieCatalog& catalog) : catalog_(catalog) {}
  MovieId movie(std::string_view text) const override;
  PersonId person(std::string_view text) const override;
  std::vector<GenreId> genres(std::string_view text) const override;

 private:
  const MovieCatalog& catalog_;
};

}  // namespace matinee
