#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lib/dialogue/candidate_ranker.h"
#include "lib/vectors/movie_vectors.h"

namespace matinee {

/// How much each thing a user may want counts. A fact that agrees adds, one that disagrees takes away, an unknown one
/// does neither; similarity to liked movies and fame decide among those that fit equally.
struct RankerWeights {
  float genre = 3, genre_missing = -3, unwanted_genre = -8;
  float person = 5, person_missing = -4, unwanted_person = -10;
  float years = 2.5f, years_missed = -2.5f, per_decade_off = -1;         ///< the last down to 4 decades
  float runtime = 1.5f, runtime_missed = -1.5f, per_20_minutes = -0.5f;  ///< the last down to 80 minutes
  float popularity = 2, popularity_missed = -1.5f;
  float liked = 4, disliked = -2;     ///< × mean cosine
  float fame = 0.8f, rating = 0.15f;  ///< × share of the catalog that is less known; × (averageRating - 6.5)
};

/// Ranks by facts and vectors together. Immutable; any thread may call it.
class MovieRanker final : public CandidateRanker {
 public:
  /// `catalog` must outlive this and hold vectors.
  explicit MovieRanker(const MovieCatalog& catalog, const RankerWeights& weights = {});
  ~MovieRanker() override;

  std::vector<Candidate> rank(const PreferenceState& state, std::span<const MovieId> excluded,
                              std::int32_t k) const override;
  /// A movie whose year or running time is not known agrees with any.
  std::vector<std::uint64_t> viable(const PreferenceState& state, std::span<const MovieId> excluded) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
