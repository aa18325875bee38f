#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/dialogue/preference_state.h"

namespace matinee {

/// The facts of each movie that wishes are about, by movie: columns that every ranking reads from end to end.
struct MovieColumns {
  std::vector<std::uint32_t> genres;          ///< bit g set: genre g
  std::vector<std::int32_t> years, runtimes;  ///< kUnknown where unknown
  std::vector<std::int32_t> ratings;          ///< averageRating in tenths
  std::vector<Popularity> popularity;
  std::vector<bool> voted;                     ///< numVotes is known
  std::vector<std::optional<AgeRating>> ages;  ///< of certificates that are names of an AgeRating
  std::vector<std::string> titles;             ///< folded, with a space before each word; other titles follow

  explicit MovieColumns(const MovieCatalog& catalog);
};

/// From the value to the span; 0 inside.
std::int32_t distance(std::int32_t value, const Span& span);

/// Bit g set: the list has genre g.
std::uint32_t mask_of(const std::vector<GenreId>& genres);

}  // namespace matinee
