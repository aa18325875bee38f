#pragma once

#include <optional>
#include <string>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// The body of GET /api/map (docs/formats.md): the map of `embed --map` with the 20,000 most voted-for movies; nothing
/// if the catalog has none. Throws Error(kBadData) as stored_map.
std::optional<std::string> map_json(const MovieCatalog& catalog);

}  // namespace matinee
