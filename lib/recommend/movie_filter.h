#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/options.h"
#include "lib/catalog/movie_set.h"

namespace matinee {

/// Conditions that every result has to meet, as a user types them.
struct MovieFilter {
  std::string years, runtime;  ///< "LOW-HIGH", "LOW-", "-HIGH" or one number; "": any
  std::vector<std::string> genres, not_genres;
  std::int64_t min_votes = 0;
  double min_rating = 0;

  void add(OptionSet& options);
  /// Whether any condition is given.
  bool excludes_something() const;
  /// The movies that meet all conditions; a movie of unknown year or runtime meets no span that starts above 0. Throws
  /// Error(kUsage) for a span that is none and for a genre that the catalog lacks. Genres may be written as
  /// genres_named reads them.
  MovieSet matches(const MovieCatalog& catalog) const;
};

}  // namespace matinee
