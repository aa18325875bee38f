#include "lib/dialogue/offer_choice.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "lib/base/random.h"
#include "lib/dialogue/movie_facts.h"

namespace matinee {
namespace {

constexpr std::int32_t kPool = 60;        // of candidates to choose from
constexpr std::size_t kNearlyAsGood = 5;  // at most

// Keeps those for which `test` holds, unless that is none.
template <class Test>
void prefer(std::vector<Candidate>& candidates, const Test& test) {
  const auto rest = std::stable_partition(candidates.begin(), candidates.end(), test);
  if (rest != candidates.begin()) candidates.erase(rest, candidates.end());
}

// Puts another reason than `last` first, where there is one. `last` becomes the one that is first.
void vary_reasons(Candidate& candidate, std::optional<Reason>& last) {
  const auto other = std::find_if(candidate.reasons.begin(), candidate.reasons.end(),
                                  [&](const Reason& reason) { return reason != last; });
  if (other != candidate.reasons.end()) std::rotate(candidate.reasons.begin(), other, other + 1);
  if (!candidate.reasons.empty()) last = candidate.reasons.front();
}

// Tests of a movie, one for each wish of which one is enough.
std::vector<std::function<bool(MovieId)>> alternatives_of(const MovieCatalog& catalog, const PreferenceState& state) {
  std::vector<std::function<bool(MovieId)>> tests;
  for (const Slot slot : state.either) {
    if (slot == Slot::kGenre) {
      for (const GenreId genre : state.genres)
        tests.emplace_back([&catalog, genre](MovieId movie) { return (catalog.genre_mask(movie) >> genre & 1) != 0; });
    } else if (slot == Slot::kPerson) {
      for (const PersonId person : state.people)
        tests.emplace_back([&catalog, person](MovieId movie) { return takes_part(catalog, movie, person); });
    }
  }
  return tests;
}

}  // namespace

// Those that meet the most wishes, without parts of series that were offered or that the user named.
NearestMovies OfferChoice::best_of_all(const DialogueState& state, const PreferenceState& known,
                                       std::int32_t count) const {
  NearestMovies pool = ranker_.nearest(known, state.recommended, std::max(kPool, count * 4));
  prefer(pool.candidates, [&](const Candidate& candidate) {
    const auto of_series = [&](MovieId other) { return series_.same_series(other, candidate.movie); };
    return std::ranges::none_of(state.recommended, of_series) && std::ranges::none_of(known.liked, of_series) &&
           std::ranges::none_of(known.disliked, of_series);
  });
  return pool;
}

// Takes one of the best candidates out of `from`.
Candidate OfferChoice::take(const DialogueState& state, const PreferenceState& known,
                            std::vector<Candidate>& from) const {
  std::size_t near = 1;
  while (near < std::min(from.size(), kNearlyAsGood) && from[near].score >= from[0].score - margin_) ++near;
  std::size_t at = 0;
  // An order that the user asked for leaves no choice.
  if (state.seed != 0 && state.preferences.sort == SortOrder::kNone) {
    at = static_cast<std::size_t>(Random(state.seed, "offer", state.recommended.size() * 16 + from.size()).below(near));
  }
  Candidate taken = std::move(from[at]);
  from.erase(from.begin() + static_cast<std::ptrdiff_t>(at));
  ranker_.explain(known, taken);
  return taken;
}

Offer OfferChoice::choose(const DialogueState& state, std::int32_t count, bool alternatives) const {
  Offer offer;
  const PreferenceState known = with_earlier(state);
  NearestMovies nearest = best_of_all(state, known, count);
  std::vector<Candidate>& pool = nearest.candidates;
  if (pool.empty()) return offer;
  offer.broken = std::move(nearest.broken);
  std::optional<Reason> last = state.last_reason;
  const auto add = [&](std::vector<Candidate>& from) {
    Candidate taken = take(state, known, from);
    vary_reasons(taken, last);
    offer.candidates.push_back(std::move(taken));
  };
  if (alternatives) {
    for (const auto& test : alternatives_of(catalog_, state.preferences)) {
      if (offer.candidates.size() >= static_cast<std::size_t>(count)) break;
      std::vector<Candidate> fitting = pool;
      std::erase_if(fitting, [&](const Candidate& candidate) { return !test(candidate.movie); });
      if (fitting.empty()) continue;
      add(fitting);
      std::erase_if(pool, [&](const Candidate& c) { return c.movie == offer.candidates.back().movie; });
    }
  }
  while (!pool.empty() && offer.candidates.size() < static_cast<std::size_t>(count)) {
    add(pool);
    prefer(pool, [&](const Candidate& candidate) {
      return !series_.same_series(offer.candidates.back().movie, candidate.movie);
    });
  }
  return offer;
}

Offer OfferChoice::of(const DialogueState& state, std::span<const MovieId> movies) const {
  Offer offer;
  const PreferenceState known = with_earlier(state);
  std::optional<Reason> last = state.last_reason;
  for (const MovieId movie : movies) {
    Candidate& candidate = offer.candidates.emplace_back(Candidate{movie, 0, {}});
    ranker_.explain(known, candidate);
    vary_reasons(candidate, last);
  }
  if (!movies.empty()) offer.broken = offer.candidates.front().broken;
  return offer;
}

}  // namespace matinee
