#include "lib/recommend/broken_wishes.h"

#include <algorithm>

#include "lib/dialogue/movie_facts.h"

namespace matinee {

std::vector<BrokenWish> broken_wishes(const MovieCatalog& catalog, const MovieColumns& columns,
                                      const PreferenceState& state, MovieId movie) {
  const auto at = static_cast<std::size_t>(movie);
  std::vector<BrokenWish> broken;
  // `has` says whether the movie has one of the values.
  const auto check = [&](Slot slot, const std::vector<std::int32_t>& wanted, const std::vector<std::int32_t>& unwanted,
                         const auto& has) {
    if (one_is_enough(state, slot) && !wanted.empty()) {
      if (std::none_of(wanted.begin(), wanted.end(), has)) broken.push_back({slot});
    } else {
      for (const std::int32_t id : wanted)
        if (!has(id)) broken.push_back({slot, id});
    }
    for (const std::int32_t id : unwanted)
      if (has(id)) broken.push_back({.slot = slot, .id = id, .unwanted = true});
  };
  const auto outside = [&](Slot slot, std::int32_t value, const std::optional<Span>& span) {
    if (span && value == kUnknown) broken.push_back({.slot = slot, .unknown = true});
    if (span && value != kUnknown && distance(value, *span) > 0) broken.push_back({slot});
  };
  check(Slot::kGenre, state.genres, state.not_genres,
        [&](GenreId genre) { return (columns.genres[at] >> genre & 1) != 0; });
  outside(Slot::kYears, columns.years[at], state.years);
  if (state.not_years && columns.years[at] != kUnknown && distance(columns.years[at], *state.not_years) == 0)
    broken.push_back({.slot = Slot::kYears, .unwanted = true});
  outside(Slot::kRuntime, columns.runtimes[at], state.runtime);
  if (state.popularity != Popularity::kAny && columns.popularity[at] != state.popularity)
    broken.push_back({.slot = Slot::kPopularity, .unknown = !columns.voted[at]});
  check(Slot::kPerson, state.people, state.not_people,
        [&](PersonId person) { return takes_part(catalog, movie, person); });
  if (state.min_rating && columns.ratings[at] < *state.min_rating)
    broken.push_back({.slot = Slot::kRating, .unknown = columns.ratings[at] == kUnknown});
  if (state.age && (!columns.ages[at] || *columns.ages[at] > *state.age))
    broken.push_back({.slot = Slot::kAge, .unknown = !columns.ages[at]});
  return broken;
}

}  // namespace matinee
