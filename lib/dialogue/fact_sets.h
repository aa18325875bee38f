#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/catalog/movie_set.h"
#include "lib/dialogue/preference_state.h"

namespace matinee {

/// Whether a movie of unknown running time, votes, rating or age meets a wish about it. An unknown year meets none.
enum class UnknownFacts : std::uint8_t { kMeet, kBreak };

/// The facts of a catalog's movies that wishes are about, as sets and as columns of 16 bits, so that the movies that
/// meet some wishes are found by a few operations on whole words. Immutable: any thread may read.
class FactSets {
 public:
  /// `catalog` must outlive this.
  explicit FactSets(const MovieCatalog& catalog);

  const MovieCatalog& catalog() const { return catalog_; }
  /// The latest year of a movie with votes; of all movies where none has any; 0 if none is known.
  std::int32_t newest_year() const { return newest_year_; }
  /// The movies that break no wish of the state. Keywords, the order, and what is said of movies do not count.
  MovieSet meeting(const PreferenceState& state, UnknownFacts unknown) const;

 private:
  /// A number of each movie, padded to a multiple of 64; kNotKnown where it is unknown.
  using Column = std::vector<std::int16_t>;

  void keep_genres(const PreferenceState& state, MovieSet& movies) const;
  void keep_people(const PreferenceState& state, MovieSet& movies) const;
  MovieSet of_person(PersonId person) const;

  const MovieCatalog& catalog_;
  std::int32_t newest_year_;
  MovieSet all_;
  std::vector<MovieSet> genres_;  // by GenreId
  std::array<MovieSet, 2> fame_;  // popular, hidden
  Column years_, runtimes_, ratings_, ages_;
};

}  // namespace matinee
