#include "lib/simulation/wish_check.h"

#include <algorithm>

#include "lib/dialogue/movie_facts.h"

namespace matinee {
namespace {

// One is enough where `state.either` has the slot; without wanted items, nothing is broken.
template <class Items, class Has>
bool lacks(const PreferenceState& state, Slot slot, const Items& wanted, const Has& has) {
  if (wanted.empty()) return false;
  const bool either = std::find(state.either.begin(), state.either.end(), slot) != state.either.end();
  return either ? std::none_of(wanted.begin(), wanted.end(), has) : !std::all_of(wanted.begin(), wanted.end(), has);
}

bool breaks(const MovieCatalog& catalog, const PreferenceState& state, MovieId movie, Slot slot) {
  switch (slot) {
    case Slot::kGenre: {
      const auto has = [&](GenreId genre) { return (catalog.genre_mask(movie) >> genre & 1) != 0; };
      return lacks(state, slot, state.genres, has) || std::ranges::any_of(state.not_genres, has);
    }
    case Slot::kYears: {
      const std::int32_t year = catalog.year(movie);
      return (state.years && !state.years->contains(year)) || (state.not_years && state.not_years->contains(year));
    }
    case Slot::kRuntime: {
      const std::int32_t minutes = catalog.runtime(movie);
      return state.runtime && minutes != kUnknown && !state.runtime->contains(minutes);
    }
    case Slot::kPopularity: {
      const Popularity popularity = popularity_of(catalog, movie);
      return state.popularity != Popularity::kAny && popularity != Popularity::kAny && popularity != state.popularity;
    }
    case Slot::kPerson: {
      const auto has = [&](PersonId person) { return takes_part(catalog, movie, person); };
      return lacks(state, slot, state.people, has) || std::ranges::any_of(state.not_people, has);
    }
    case Slot::kAge: {
      const auto age = age_rating_from_name(catalog.certificate(movie));
      return state.age && age && *age > *state.age;
    }
    case Slot::kRating: {
      const std::int32_t rating = catalog.rating_tenths(movie);
      return state.min_rating && rating != kUnknown && rating < *state.min_rating;
    }
    case Slot::kKeyword: return false;  // titles hardly say what movies are about
  }
  return false;
}

}  // namespace

std::vector<Slot> broken_slots(const MovieCatalog& catalog, const PreferenceState& state, MovieId movie) {
  std::vector<Slot> broken;
  for (int slot = 0; slot < kSlots; ++slot) {
    if (breaks(catalog, state, movie, static_cast<Slot>(slot))) broken.push_back(static_cast<Slot>(slot));
  }
  return broken;
}

bool meets(const MovieCatalog& catalog, const PreferenceState& state, MovieId movie) {
  for (int slot = 0; slot < kSlots; ++slot) {
    if (breaks(catalog, state, movie, static_cast<Slot>(slot))) return false;
  }
  return true;
}

}  // namespace matinee
