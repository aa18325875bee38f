#include "lib/simulation/wish_check.h"

#include <gtest/gtest.h>

#include "lib/dialogue/movie_facts.h"
#include "tests/dialogue/full_catalog.h"

namespace matinee {
namespace {

const MovieCatalog& catalog() { return testing::FullCatalog::get().catalog; }
constexpr MovieId kMovie = 17;

TEST(WishCheck, AMovieMeetsItsOwnFacts) {
  PreferenceState state;
  state.genres.assign(catalog().genres_of(kMovie).begin(), catalog().genres_of(kMovie).end());
  state.years = Span{catalog().year(kMovie), catalog().year(kMovie)};
  state.runtime = Span{0, catalog().runtime(kMovie)};
  state.people = {catalog().cast(kMovie)[0], catalog().directors(kMovie)[0]};
  state.min_rating = catalog().rating_tenths(kMovie);
  state.popularity = popularity_of(catalog(), kMovie);
  EXPECT_TRUE(meets(catalog(), state, kMovie));
  EXPECT_TRUE(broken_slots(catalog(), state, kMovie).empty());
}

TEST(WishCheck, EveryWishCanBeBroken) {
  const std::int32_t year = catalog().year(kMovie);
  const auto broken = [](auto change) {
    PreferenceState state;
    change(state);
    return broken_slots(catalog(), state, kMovie);
  };
  using Slots = std::vector<Slot>;
  const GenreId has = catalog().genres_of(kMovie)[0];
  GenreId other = 0;
  while ((catalog().genre_mask(kMovie) >> other & 1) != 0) ++other;
  EXPECT_EQ(broken([&](auto& s) { s.genres = {has, other}; }), (Slots{Slot::kGenre}));
  EXPECT_EQ(broken([&](auto& s) { s.not_genres = {has}; }), (Slots{Slot::kGenre}));
  EXPECT_EQ(broken([&](auto& s) { s.years = Span{year + 1, year + 5}; }), (Slots{Slot::kYears}));
  EXPECT_EQ(broken([&](auto& s) { s.not_years = Span{year, year}; }), (Slots{Slot::kYears}));
  EXPECT_EQ(broken([&](auto& s) { s.runtime = Span{0, catalog().runtime(kMovie) - 1}; }), (Slots{Slot::kRuntime}));
  EXPECT_EQ(broken([&](auto& s) { s.not_people = {catalog().cast(kMovie)[0]}; }), (Slots{Slot::kPerson}));
  EXPECT_EQ(broken([&](auto& s) { s.min_rating = 101; }), (Slots{Slot::kRating}));
}

TEST(WishCheck, OfAlternativesOneIsEnough) {
  PreferenceState state;
  GenreId other = 0;
  while ((catalog().genre_mask(kMovie) >> other & 1) != 0) ++other;
  state.genres = {catalog().genres_of(kMovie)[0], other};
  EXPECT_FALSE(meets(catalog(), state, kMovie));
  state.either = {Slot::kGenre};
  EXPECT_TRUE(meets(catalog(), state, kMovie));
  state.genres = {other};
  EXPECT_FALSE(meets(catalog(), state, kMovie));
}

}  // namespace
}  // namespace matinee
