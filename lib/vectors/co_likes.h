#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/catalog/movie_catalog.h"
#include "lib/vectors/sparse_rows.h"

namespace matinee {

/// What people who talked about films liked, by movie of a catalog.
struct CoLikes {
  std::vector<std::int32_t> likes;  ///< dialogues in which somebody liked the movie
  SparseRows together;              ///< [movies, movies], symmetric: dialogues in which both were liked
};

/// The counts that the program carries inside it (co_likes.txt, from ReDial).
std::string_view shipped_co_likes();

/// Reads the format of co_likes.txt (docs/formats.md) and finds its films in the catalog by primary or original title
/// and year (at most one year apart); films that are not there are left out. `place` names the text in errors. Throws
/// Error(kBadData) with the line.
CoLikes read_co_likes(std::string_view text, std::string_view place, const MovieCatalog& catalog, ThreadPool& pool);

}  // namespace matinee
