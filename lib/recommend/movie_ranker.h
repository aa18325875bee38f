#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lib/dialogue/candidate_ranker.h"
#include "lib/dialogue/fact_sets.h"
#include "lib/recommend/movie_prior.h"
#include "lib/vectors/similarity.h"

namespace matinee {

/// What each wish adds to a movie's score. A fact that agrees adds, one that disagrees subtracts, an unknown one does
/// neither; similarity to liked movies and the prior decide between movies that fit equally well. Movies that meet all
/// wishes come first, then those of which something is unknown, then those that break a wish.
struct RankerWeights {
  float genre = 3, genre_missing = -3, unwanted_genre = -8;
  float person = 5, person_missing = -4, unwanted_person = -10;
  float years = 2.5f, years_missed = -2.5f, per_decade_off = -1;         ///< the last for at most 4 decades
  float runtime = 1.5f, runtime_missed = -1.5f, per_20_minutes = -0.5f;  ///< the last for at most 80 minutes
  float unwanted_years = -4;
  float popularity = 2, popularity_missed = -1.5f;
  float rating_missed = -1;  ///< × points that are missing
  float age = 1.5f, age_missed = -8;
  float keyword = 3;               ///< × keywords in the title
  float further = 0.3f;            ///< × further genres or people where one is enough
  float liked = 4, disliked = -2;  ///< × sum of the cosines / √(number of movies)
  PriorWeights prior{};
  std::optional<VectorWeights> vectors{};  ///< of title, cast and crew in a cosine; default: the catalog's
};

/// The terms of a search that scores movies by likeness to liked and disliked ones as the ranker does. Divided by the
/// root of their number: the sum of n cosines spreads about as the root of n does, so that similarity counts the same
/// against the prior however many movies are liked (docs/embeddings.md).
std::vector<SimilarityTerm> similarity_terms(const std::vector<MovieId>& liked, const std::vector<MovieId>& disliked,
                                             const RankerWeights& weights);

/// Ranks by facts and vectors together. Immutable; any thread may call it.
class MovieRanker final : public CandidateRanker {
 public:
  /// `catalog` must outlive this and hold vectors.
  explicit MovieRanker(const MovieCatalog& catalog, const RankerWeights& weights = {});
  ~MovieRanker() override;

  std::vector<Candidate> rank(const PreferenceState& state, std::span<const MovieId> excluded,
                              std::int32_t k) const override;
  /// The same among the movies of `allowed`; those in the state's liked, disliked or seen are left out here, too.
  std::vector<Candidate> rank_among(const PreferenceState& state, MovieSet allowed, std::int32_t k) const;
  NearestMovies nearest(const PreferenceState& state, std::span<const MovieId> excluded, std::int32_t k) const override;
  void explain(const PreferenceState& state, Candidate& candidate) const override;
  /// The movies that break no wish (broken_wishes).
  MovieSet viable(const PreferenceState& state, std::span<const MovieId> excluded) const override;
  const FactSets& facts() const;
  /// The `k` movies most like this one, best first.
  std::vector<MovieId> alike(MovieId movie, std::int32_t k) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
