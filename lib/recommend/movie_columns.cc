#include "lib/recommend/movie_columns.h"

#include <algorithm>

#include "lib/catalog/fold_name.h"
#include "lib/dialogue/movie_facts.h"

namespace matinee {

MovieColumns::MovieColumns(const MovieCatalog& catalog) {
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    genres.push_back(catalog.genre_mask(movie));
    years.push_back(catalog.year(movie));
    runtimes.push_back(catalog.runtime(movie));
    ratings.push_back(catalog.rating_tenths(movie));
    popularity.push_back(popularity_of(catalog, movie));
    voted.push_back(catalog.votes(movie) != kUnknown);
    ages.push_back(age_rating_from_name(catalog.certificate(movie)));
    titles.push_back(" " + fold_name(catalog.title(movie)));
    if (catalog.original_title(movie) != catalog.title(movie))
      titles.back() += " " + fold_name(catalog.original_title(movie));
  }
}

std::int32_t distance(std::int32_t value, const Span& span) {
  return std::max({span.low - value, value - span.high, 0});
}

std::uint32_t mask_of(const std::vector<GenreId>& genres) {
  std::uint32_t mask = 0;
  for (const GenreId genre : genres) mask |= std::uint32_t{1} << genre;
  return mask;
}

}  // namespace matinee
