#pragma once

#include <string>
#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// What the catalog knows of a movie, for reading: its name, then "Runtime: 1 h 56 min" and the like, a line each.
std::vector<std::string> fact_sheet(const MovieCatalog& catalog, MovieId movie);

}  // namespace matinee
