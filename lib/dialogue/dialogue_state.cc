#include "lib/dialogue/dialogue_state.h"

#include <unordered_set>

namespace matinee {

PreferenceState with_earlier(const DialogueState& state) {
  PreferenceState all = state.preferences;
  if (state.earlier == nullptr) return all;
  std::unordered_set<MovieId> known;
  for (const auto* list : {&all.liked, &all.disliked, &all.seen}) known.insert(list->begin(), list->end());
  const auto add = [&](std::vector<MovieId>& movies, const std::vector<MovieId>& earlier) {
    for (const MovieId movie : earlier) {
      if (!known.contains(movie)) movies.push_back(movie);
    }
  };
  add(all.liked, state.earlier->liked);
  add(all.disliked, state.earlier->disliked);
  add(all.seen, state.earlier->seen);
  return all;
}

bool has_value(const PreferenceState& state, Slot slot) {
  switch (slot) {
    case Slot::kGenre: return !state.genres.empty();
    case Slot::kYears: return state.years.has_value();
    case Slot::kRuntime: return state.runtime.has_value();
    case Slot::kPopularity: return state.popularity != Popularity::kAny;
    case Slot::kPerson: return !state.people.empty();
    case Slot::kAge: return state.age.has_value();
    case Slot::kRating: return state.min_rating.has_value();
    case Slot::kKeyword: return !state.keywords.empty();
  }
  return false;
}

}  // namespace matinee
