// The ranker's handling of wishes: which are met, in what order the rest follows, and what is said to be broken.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "lib/base/random.h"
#include "lib/catalog/fold_name.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/recommend/broken_wishes.h"
#include "lib/recommend/movie_ranker.h"
#include "tests/vectors/sample_catalog.h"

namespace matinee {
namespace {

using testing::SampleCatalog;

class RankedWishesTest : public ::testing::Test {
 protected:
  const SampleCatalog& sample = SampleCatalog::shared();
  const MovieCatalog& catalog = *sample.catalog;
  MovieRanker ranker{catalog};

  GenreId genre(const char* name) const { return catalog.genre_id(name).value(); }
  bool is(const Candidate& c, const char* name) const { return (catalog.genre_mask(c.movie) >> genre(name) & 1) != 0; }
  std::vector<Candidate> best(const PreferenceState& state, std::int32_t k = 30) const {
    return ranker.rank(state, {}, k);
  }
};

PreferenceState random_state(const SampleCatalog& sample, std::uint64_t trial) {
  const MovieCatalog& catalog = *sample.catalog;
  Random random(1, "wishes", trial);
  PreferenceState state;
  const auto some_genre = [&] { return static_cast<GenreId>(random.below(catalog.genres().size())); };
  const auto some_actor = [&] {
    const auto cast = catalog.cast(static_cast<MovieId>(random.below(800)));
    return cast.empty() ? PersonId{0} : cast[0];
  };
  if (random.chance(0.6)) state.genres = {some_genre()};
  if (random.chance(0.3)) state.genres.push_back((state.genres.empty() ? 0 : state.genres[0] + 1) % 10);
  if (random.chance(0.5)) state.either.push_back(Slot::kGenre);
  if (random.chance(0.3)) state.not_genres = {some_genre()};
  if (random.chance(0.4)) state.years = Span{1980, 1999};
  if (random.chance(0.2)) state.not_years = Span{1990, 1994};
  if (random.chance(0.3)) state.runtime = Span{0, 110};
  if (random.chance(0.3)) state.popularity = random.chance(0.5) ? Popularity::kPopular : Popularity::kHidden;
  if (random.chance(0.3)) state.people = {some_actor(), some_actor()};
  if (random.chance(0.5)) state.either.push_back(Slot::kPerson);
  if (random.chance(0.2)) state.not_people = {some_actor()};
  if (random.chance(0.3)) state.min_rating = 70;
  if (random.chance(0.3)) state.age = AgeRating::kPG;
  if (random.chance(0.3)) state.liked = {static_cast<MovieId>(random.below(800))};
  return state;
}

TEST_F(RankedWishesTest, ViableIsWhatBreaksNoWishAndRanksBeforeTheUnknownAndTheBroken) {
  const auto rank_of = [](const Candidate& c) {
    if (c.broken.empty()) return 0;
    return std::all_of(c.broken.begin(), c.broken.end(), [](const BrokenWish& w) { return w.unknown; }) ? 1 : 2;
  };
  std::array<std::int64_t, 3> seen{};
  for (std::uint64_t trial = 0; trial < 40; ++trial) {
    const PreferenceState state = random_state(sample, trial);
    const MovieSet viable = ranker.viable(state, {});
    int last = 0;
    for (const Candidate& candidate : best(state, catalog.size())) {
      ASSERT_EQ(viable.contains(candidate.movie), candidate.broken.empty()) << trial;
      ASSERT_GE(rank_of(candidate), last) << trial << ": " << catalog.display_name(candidate.movie);
      last = rank_of(candidate);
      ++seen[static_cast<std::size_t>(last)];
    }
  }
  for (const std::int64_t count : seen) EXPECT_GT(count, 1000);
}

TEST_F(RankedWishesTest, OneOfSeveralGenresOrPeopleIsEnough) {
  PreferenceState state;
  state.genres = {genre("Horror"), genre("Western")};
  const std::int32_t both = ranker.viable(state, {}).count();
  state.either = {Slot::kGenre};
  EXPECT_GT(ranker.viable(state, {}).count(), both + 100);
  for (const Candidate& c : best(state)) EXPECT_TRUE(is(c, "Horror") || is(c, "Western"));

  state = {};
  state.people = {sample.person("Tom Hanks"), sample.person("Julia Roberts")};
  state.either = {Slot::kPerson};
  const auto found = best(state, 10);
  for (const Candidate& c : found)
    EXPECT_TRUE(takes_part(catalog, c.movie, state.people[0]) || takes_part(catalog, c.movie, state.people[1]));
  // Of neither: one broken wish for the two.
  const auto last = best(state, catalog.size()).back();
  EXPECT_EQ(last.broken, (std::vector<BrokenWish>{{.slot = Slot::kPerson, .id = -1}}));
}

TEST_F(RankedWishesTest, WhatIsBrokenIsNamed) {
  PreferenceState state;
  state.genres = {genre("Musical"), genre("Western")};
  state.not_genres = {genre("Comedy")};
  state.years = Span{2020, 2029};
  state.people = {sample.person("Tom Hanks")};
  ASSERT_EQ(ranker.viable(state, {}).count(), 0);
  for (const Candidate& c : best(state, 200)) {
    ASSERT_FALSE(c.broken.empty());
    for (const BrokenWish& wish : c.broken) {
      const std::int32_t year = catalog.year(c.movie);
      if (wish.slot == Slot::kGenre) {
        EXPECT_EQ((catalog.genre_mask(c.movie) >> wish.id & 1) != 0, wish.unwanted);
      }
      if (wish.slot == Slot::kYears) {
        EXPECT_TRUE(wish.unknown ? year == kUnknown : year < 2020);
      }
      if (wish.slot == Slot::kPerson) {
        EXPECT_FALSE(takes_part(catalog, c.movie, wish.id));
      }
      EXPECT_TRUE(wish.slot == Slot::kGenre || wish.slot == Slot::kYears || wish.slot == Slot::kPerson);
    }
  }
}

TEST_F(RankedWishesTest, UnknownValuesDoNotMeetAWish) {
  PreferenceState state;
  state.runtime = Span{0, 100};
  state.age = AgeRating::kPG13;
  state.min_rating = 70;
  const MovieSet viable = ranker.viable(state, {});
  ASSERT_GT(viable.count(), 10);
  viable.for_each([&](MovieId movie) {
    EXPECT_GT(catalog.runtime(movie), 0);
    EXPECT_LE(catalog.runtime(movie), 100);
    EXPECT_GE(catalog.rating_tenths(movie), 70);
    const auto certificate = catalog.certificate(movie);
    EXPECT_TRUE(certificate == "G" || certificate == "PG" || certificate == "PG-13") << certificate;
  });
}

TEST_F(RankedWishesTest, WithoutVotesIsUnknownAndNotHidden) {
  PreferenceState state;
  state.popularity = Popularity::kHidden;
  ASSERT_EQ(catalog.votes(catalog.size() - 1), kUnknown);
  ranker.viable(state, {}).for_each([&](MovieId movie) { EXPECT_GT(catalog.votes(movie), 0); });
  const auto all = best(state, catalog.size());
  EXPECT_TRUE(all.front().broken.empty());
  const auto unknown = std::find_if(all.begin(), all.end(), [&](const auto& c) { return catalog.votes(c.movie) < 0; });
  EXPECT_EQ(unknown->broken, (std::vector<BrokenWish>{{.slot = Slot::kPopularity, .unknown = true}}));
}

TEST_F(RankedWishesTest, ExcludedYearsAreLeftOut) {
  PreferenceState state;
  state.genres = {genre("Horror")};
  state.not_years = Span{1980, 1989};
  for (const Candidate& c : best(state, 100)) EXPECT_NE(catalog.year(c.movie) / 10, 198);
}

TEST_F(RankedWishesTest, AnOrderHoldsAmongMoviesThatFit) {
  PreferenceState state;
  state.people = {sample.person("Tom Hanks")};
  const std::int32_t viable = ranker.viable(state, {}).count();
  ASSERT_GT(viable, 10);
  state.sort = SortOrder::kNewest;
  const auto newest = best(state, viable);
  state.sort = SortOrder::kOldest;
  const auto oldest = best(state, viable);
  state.sort = SortOrder::kPopular;
  const auto popular = best(state, viable);
  for (std::size_t i = 1; i < newest.size(); ++i) {
    EXPECT_GE(catalog.year(newest[i - 1].movie), catalog.year(newest[i].movie));
    EXPECT_LE(catalog.year(oldest[i - 1].movie), catalog.year(oldest[i].movie));
    EXPECT_LT(popular[i - 1].movie, popular[i].movie);
  }
  for (const Candidate& c : newest) EXPECT_TRUE(takes_part(catalog, c.movie, state.people[0]));
  // The best are well rated by many, not by one.
  state = {};
  state.sort = SortOrder::kBest;
  for (const Candidate& c : best(state, 10)) {
    EXPECT_GE(catalog.rating_tenths(c.movie), 75);
    EXPECT_GE(catalog.votes(c.movie), 5);
  }
}

TEST_F(RankedWishesTest, TheNewestLikeAnotherAreLikeIt) {
  PreferenceState state;
  state.liked = {sample.movie("Toy Story (1995)")};
  state.sort = SortOrder::kNewest;
  const auto found = best(state, 10);
  std::int64_t animated = 0;
  for (const Candidate& c : found) animated += is(c, "Animation");
  EXPECT_GE(animated, 6);
  for (std::size_t i = 1; i < found.size(); ++i)
    EXPECT_GE(catalog.year(found[i - 1].movie), catalog.year(found[i].movie));
}

TEST_F(RankedWishesTest, KeywordsOfTitlesComeFirst) {
  PreferenceState state;
  state.keywords = {"christmas"};
  for (const Candidate& c : best(state, 5))
    EXPECT_NE(fold_name(catalog.title(c.movie)).find("christmas"), std::string::npos) << catalog.display_name(c.movie);
}

}  // namespace
}  // namespace matinee
