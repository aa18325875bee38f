#include "lib/dialogue/dialogue_state.h"

namespace matinee {

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
