#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/dialogue/candidate_ranker.h"
#include "lib/dialogue/dialogue_state.h"
#include "lib/dialogue/movie_series.h"

namespace matinee {

/// The movies to offer in one turn.
struct Offer {
  std::vector<Candidate> candidates;  ///< best first; empty if every movie was offered or is known to the user
  std::vector<BrokenWish> broken;     ///< wishes that none of them meets
};

/// Chooses movies to offer from those that rank best. Where a movie meets all wishes, so do all that are chosen. A
/// movie of the same series as one that was offered before, or that the user likes or dislikes, comes only if nothing
/// else is left. Among movies that are
/// nearly as good, the seed of the state decides. A reason that was given first in the last offer does not come first
/// again if there is another.
class OfferChoice {
 public:
  /// Movies whose scores differ by no more than `margin` are nearly as good. All by reference.
  OfferChoice(const MovieCatalog& catalog, const CandidateRanker& ranker, float margin)
      : catalog_(catalog), ranker_(ranker), series_(catalog), margin_(margin) {}

  /// At most `count` movies. `alternatives`: of wishes of which one is enough, each gets a movie of its own first.
  Offer choose(const DialogueState& state, std::int32_t count, bool alternatives) const;
  /// An offer of these movies, in this order, with the reasons that choose() gives them.
  Offer of(const DialogueState& state, std::span<const MovieId> movies) const;

 private:
  NearestMovies best_of_all(const DialogueState& state, const PreferenceState& known, std::int32_t count) const;
  Candidate take(const DialogueState& state, const PreferenceState& known, std::vector<Candidate>& from) const;

  const MovieCatalog& catalog_;
  const CandidateRanker& ranker_;
  const SeriesTitles series_;
  float margin_;
};

}  // namespace matinee
