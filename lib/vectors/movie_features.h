#pragma once

#include "lib/base/parallel.h"
#include "lib/catalog/movie_catalog.h"
#include "lib/vectors/sparse_rows.h"

namespace matinee {

/// Features of each movie as sparse rows, one row per movie of the catalog. Unknown values have no entry.
struct MovieFeatures {
  SparseRows genres;    ///< 1 for each genre; column: GenreId
  SparseRows votes;     ///< numVotes on a log scale, as bumps (below) from the fewest to the most of the catalog
  SparseRows fame;      ///< the same with bumps so wide that most movies share some
  SparseRows years;     ///< startYear, bumps every 5 years
  SparseRows ratings;   ///< averageRating, bumps every half point
  SparseRows runtimes;  ///< runtimeMinutes, bumps every quarter of an hour
  SparseRows words;     ///< 1 for each word of the title except stop words
  SparseRows cast;      ///< 1 / sqrt(billing position, from 1); column: PersonId
  SparseRows crew;      ///< 1 for directors, 1/2 for the first four writers; column: PersonId
};

/// A quantity becomes a row of Gaussian bumps around fixed centers, of unit length, so that the inner product of two
/// movies falls smoothly with the distance of their values.
MovieFeatures movie_features(const MovieCatalog& catalog, ThreadPool& pool);

}  // namespace matinee
