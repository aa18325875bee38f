#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/catalog/movie_set.h"
#include "lib/dialogue/preference_state.h"

namespace matinee {

/// Why a movie fits: one true fact of it that the user asked for.
struct Reason {
  enum class Kind : std::uint8_t { kGenre, kPerson, kYears, kRuntime, kPopular, kHidden, kSimilar };
  Kind kind;
  std::int32_t id = -1;  ///< GenreId, PersonId or (kSimilar) the liked MovieId it resembles
  friend bool operator==(const Reason&, const Reason&) = default;
};

/// A wish that a candidate does not meet, where no movie meets all of them.
struct BrokenWish {
  Slot slot;
  std::int32_t id = -1;   ///< GenreId or PersonId; -1: the slot's only value
  bool unwanted = false;  ///< the movie has the genre, person or years that the user does not want
  bool unknown = false;   ///< the catalog does not know the movie's value
  friend bool operator==(const BrokenWish&, const BrokenWish&) = default;
};

struct Candidate {
  MovieId movie = -1;
  float score = 0;
  std::vector<Reason> reasons;       ///< strongest first; may be empty where nothing is known yet
  std::vector<BrokenWish> broken{};  ///< wishes that it does not meet
};

/// Movies that meet a user's wishes or, where none does, movies that break the same ones as the best.
struct NearestMovies {
  std::vector<Candidate> candidates;  ///< best first; reasons and broken wishes may be left out
  std::vector<BrokenWish> broken;     ///< of each of them
};

/// Of ranked movies with their broken wishes, those that break none. Where there are none: those that break the same as
/// the best of those that break only wishes of which the catalog does not know the value. Else those that break the
/// same as the best.
NearestMovies nearest_of(std::vector<Candidate> ranked);

/// Ranks the movies of the catalog for a user. MovieRanker (lib/recommend) implements it.
class CandidateRanker {
 public:
  virtual ~CandidateRanker() = default;
  /// The best `k` movies, best first, none of those in `excluded` or in the state's liked, disliked or seen; ties by
  /// smaller id.
  virtual std::vector<Candidate> rank(const PreferenceState& state, std::span<const MovieId> excluded,
                                      std::int32_t k) const = 0;
  /// nearest_of(rank(state, excluded, k))
  virtual NearestMovies nearest(const PreferenceState& state, std::span<const MovieId> excluded, std::int32_t k) const;
  /// The candidate of nearest() with its reasons and broken wishes.
  virtual void explain(const PreferenceState& state, Candidate& candidate) const;
  /// Movies that agree with everything the user said (genres, years, runtime, people).
  virtual MovieSet viable(const PreferenceState& state, std::span<const MovieId> excluded) const = 0;
};

}  // namespace matinee
