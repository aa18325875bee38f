#pragma once

#include <algorithm>

#include "lib/base/random.h"
#include "lib/dialogue/preference_state.h"

namespace matinee::testing {

/// Some wishes, by number, that often few movies meet, sometimes none.
inline PreferenceState random_wishes(const MovieCatalog& catalog, std::uint64_t number) {
  Random random(11, "random wishes", number);
  PreferenceState state;
  const auto any_of = [&](std::size_t count) { return static_cast<std::int32_t>(random.below(count)); };
  const auto movie = [&] { return any_of(static_cast<std::size_t>(catalog.size())); };
  const auto add = [&](double chance, std::size_t most, auto& list, const auto& value) {
    if (!random.chance(chance)) return;
    for (std::size_t i = 0; i <= random.below(most); ++i) {
      const auto next = value();
      if (std::find(list.begin(), list.end(), next) == list.end()) list.push_back(next);
    }
  };
  const auto genre = [&] { return any_of(catalog.genres().size()); };
  const auto person = [&]() -> PersonId {
    const auto cast = catalog.cast(movie());
    return cast.empty() ? any_of(static_cast<std::size_t>(catalog.people_count())) : random.pick(cast);
  };
  const auto span = [&](std::int32_t low, std::int32_t width) {
    const std::int32_t first = low + any_of(static_cast<std::size_t>(width));
    return Span{first, first + any_of(static_cast<std::size_t>(width) / 2)};
  };
  add(0.6, 2, state.genres, genre);
  add(0.15, 2, state.not_genres, genre);
  add(0.25, 2, state.people, person);
  add(0.15, 2, state.not_people, person);
  if (random.chance(0.3)) state.either.push_back(Slot::kGenre);
  if (random.chance(0.3)) state.either.push_back(Slot::kPerson);
  if (random.chance(0.4)) state.years = span(1930, 90);
  if (random.chance(0.1)) state.not_years = span(1930, 90);
  if (random.chance(0.2)) state.runtime = span(60, 120);
  if (random.chance(0.2)) state.popularity = random.chance(0.5) ? Popularity::kPopular : Popularity::kHidden;
  if (random.chance(0.15)) state.min_rating = any_of(100);
  if (random.chance(0.1)) state.age = static_cast<AgeRating>(any_of(kAgeRatings));
  if (random.chance(0.1)) state.keywords = {"love"};
  add(0.3, 3, state.liked, movie);
  add(0.1, 2, state.disliked, movie);
  add(0.1, 2, state.seen, movie);
  return state;
}

}  // namespace matinee::testing
