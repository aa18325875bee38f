#pragma once

#include <string>
#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// What a user can say to begin with; each is answered with a movie of this catalog.
std::vector<std::string> suggestions(const MovieCatalog& catalog);

}  // namespace matinee
