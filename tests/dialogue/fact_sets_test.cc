#include "lib/dialogue/fact_sets.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lib/dialogue/movie_facts.h"
#include "tests/dialogue/full_catalog.h"
#include "tests/dialogue/random_wishes.h"

namespace matinee {
namespace {

// Whether the movie meets the wishes, one after another.
bool meets_plainly(const MovieCatalog& catalog, const PreferenceState& state, MovieId movie, UnknownFacts unknown) {
  const bool lenient = unknown == UnknownFacts::kMeet;
  const auto met = [&](Slot slot, const auto& wanted, const auto& unwanted, const auto& has) {
    if (std::ranges::any_of(unwanted, has)) return false;
    if (wanted.empty()) return true;
    return one_is_enough(state, slot) ? std::ranges::any_of(wanted, has) : std::ranges::all_of(wanted, has);
  };
  const auto within = [&](std::int32_t value, const std::optional<Span>& span) {
    return !span || (value == kUnknown ? lenient : span->contains(value));
  };
  const std::int32_t year = catalog.year(movie), rating = catalog.rating_tenths(movie);
  const auto age = age_rating_from_name(catalog.certificate(movie));
  const Popularity fame = popularity_of(catalog, movie);
  return met(Slot::kGenre, state.genres, state.not_genres,
             [&](GenreId genre) { return (catalog.genre_mask(movie) >> genre & 1) != 0; }) &&
         met(Slot::kPerson, state.people, state.not_people,
             [&](PersonId person) { return takes_part(catalog, movie, person); }) &&
         (!state.years || (year != kUnknown && state.years->contains(year))) &&
         (!state.not_years || year == kUnknown || !state.not_years->contains(year)) &&
         within(catalog.runtime(movie), state.runtime) &&
         (!state.min_rating || (rating == kUnknown ? lenient : rating >= *state.min_rating)) &&
         (!state.age || (age ? *age <= *state.age : lenient)) &&
         (state.popularity == Popularity::kAny || fame == state.popularity || (lenient && fame == Popularity::kAny));
}

void expect_the_same(const MovieCatalog& catalog, const FactSets& facts) {
  std::int64_t found = 0;
  for (std::uint64_t trial = 0; trial < 400; ++trial) {
    const PreferenceState state = testing::random_wishes(catalog, trial);
    for (const UnknownFacts unknown : {UnknownFacts::kMeet, UnknownFacts::kBreak}) {
      const MovieSet movies = facts.meeting(state, unknown);
      found += movies.count();
      for (MovieId movie = 0; movie < catalog.size(); ++movie)
        ASSERT_EQ(movies.contains(movie), meets_plainly(catalog, state, movie, unknown))
            << trial << " " << to_json(state, catalog) << " " << catalog.display_name(movie);
    }
  }
  EXPECT_GT(found, 4000);  // the states are not all impossible
}

TEST(FactSets, AreWhatALoopOverTheFactsFinds) {
  const auto& full = testing::FullCatalog::get();
  expect_the_same(full.catalog, full.facts);
}

// Most facts of the sample are unknown.
TEST(FactSets, UnknownFactsMeetOrBreakAWish) {
  const auto& sample = testing::SampleWorld::get();
  expect_the_same(sample.catalog, sample.facts);
}

TEST(FactSets, SpansMayLieOutsideOfAllValues) {
  const auto& full = testing::FullCatalog::get();
  PreferenceState state;
  state.runtime = Span{100'000, 200'000};
  EXPECT_EQ(full.facts.meeting(state, UnknownFacts::kBreak).count(), 0);
  state.runtime = Span{0, 100'000};
  EXPECT_EQ(full.facts.meeting(state, UnknownFacts::kBreak).count(), full.catalog.size());
  state.min_rating = 101;
  EXPECT_EQ(full.facts.meeting(state, UnknownFacts::kBreak).count(), 0);
}

}  // namespace
}  // namespace matinee
