#include "lib/dialogue/candidate_ranker.h"

#include <algorithm>
#include <utility>

namespace matinee {
namespace {

// 0: meets all wishes; 1: all whose value is known; 2: breaks one.
int shortfall(const Candidate& candidate) {
  if (candidate.broken.empty()) return 0;
  return std::all_of(candidate.broken.begin(), candidate.broken.end(), [](const auto& wish) { return wish.unknown; })
             ? 1
             : 2;
}

}  // namespace

NearestMovies nearest_of(std::vector<Candidate> ranked) {
  NearestMovies found;
  found.candidates = std::move(ranked);
  if (found.candidates.empty()) return found;
  const auto best =
      std::min_element(found.candidates.begin(), found.candidates.end(),
                       [](const Candidate& a, const Candidate& b) { return shortfall(a) < shortfall(b); });
  const int least = shortfall(*best);
  found.broken = best->broken;
  std::erase_if(found.candidates, [&](const Candidate& candidate) {
    return shortfall(candidate) != least || (least > 0 && candidate.broken != found.broken);
  });
  return found;
}

NearestMovies CandidateRanker::nearest(const PreferenceState& state, std::span<const MovieId> excluded,
                                       std::int32_t k) const {
  return nearest_of(rank(state, excluded, k));
}

void CandidateRanker::explain(const PreferenceState&, Candidate&) const {}

}  // namespace matinee
