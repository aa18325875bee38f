#pragma once

#include <array>
#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// True if the titles of two movies say that they are parts of one series: the same name with numbers or subtitles
/// ("Rocky", "Rocky II", "Dune: Part Two"), or one name within the other ("Harry Potter and ..."). Where the titles
/// alone are weak evidence, the movies must share an actor or a director. Movies of the same title are remakes, no
/// series.
bool same_series(const MovieCatalog& catalog, MovieId a, MovieId b);

/// Caches the first letters of a catalog's titles, so that same_series() rejects most pairs without parsing them.
class SeriesTitles {
 public:
  /// `catalog` must outlive this.
  explicit SeriesTitles(const MovieCatalog& catalog);
  /// The same as the function.
  bool same_series(MovieId a, MovieId b) const;

 private:
  const MovieCatalog& catalog_;
  std::vector<std::array<char, 4>> beginnings_;  // up to three letters, and their number
};

/// The other parts of the movie's series in the catalog, by year; those of unknown year last.
std::vector<MovieId> series_of(const MovieCatalog& catalog, MovieId movie);

}  // namespace matinee
