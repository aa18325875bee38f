#pragma once

#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// True if the titles of two movies say that they are parts of one series: the same name with numbers or subtitles
/// ("Rocky", "Rocky II", "Dune: Part Two"), or one name within the other ("Harry Potter and ..."). Where the titles
/// alone are weak evidence, the movies must share an actor or a director. Movies of the same title are remakes, no
/// series.
bool same_series(const MovieCatalog& catalog, MovieId a, MovieId b);

/// The other parts of the movie's series in the catalog, by year; those of unknown year last.
std::vector<MovieId> series_of(const MovieCatalog& catalog, MovieId movie);

}  // namespace matinee
