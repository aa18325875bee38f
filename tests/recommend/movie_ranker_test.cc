#include "lib/recommend/movie_ranker.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lib/base/random.h"
#include "lib/dialogue/movie_facts.h"
#include "tests/dialogue/random_wishes.h"
#include "tests/vectors/sample_catalog.h"

namespace matinee {
namespace {

using testing::SampleCatalog;

class MovieRankerTest : public ::testing::Test {
 protected:
  const SampleCatalog& sample = SampleCatalog::shared();
  const MovieCatalog& catalog = *sample.catalog;
  MovieRanker ranker{catalog};

  GenreId genre(const char* name) const { return catalog.genre_id(name).value(); }
  std::int64_t place_of(const PreferenceState& state, MovieId movie) const {
    const auto ranked = ranker.rank(state, {}, catalog.size());
    const auto at = std::find_if(ranked.begin(), ranked.end(), [&](const Candidate& c) { return c.movie == movie; });
    return at - ranked.begin();
  }
  bool viable(const PreferenceState& state, MovieId movie) const { return ranker.viable(state, {}).contains(movie); }
};

TEST_F(MovieRankerTest, NeverReturnsWhatIsExcludedOrKnown) {
  PreferenceState state;
  state.genres = {genre("Crime")};
  state.liked = {sample.movie("Heat (1995)")};
  state.disliked = {sample.movie("Goodfellas (1990)")};
  state.seen = {sample.movie("The Godfather (1972)")};
  const std::vector<MovieId> excluded{sample.movie("Pulp Fiction (1994)")};
  const auto ranked = ranker.rank(state, excluded, catalog.size());
  EXPECT_EQ(ranked.size(), static_cast<std::size_t>(catalog.size()) - 4);
  const MovieSet viable = ranker.viable(state, excluded);
  for (const MovieId movie : {state.liked[0], state.disliked[0], state.seen[0], excluded[0]}) {
    EXPECT_TRUE(std::none_of(ranked.begin(), ranked.end(), [&](const Candidate& c) { return c.movie == movie; }));
    EXPECT_FALSE(viable.contains(movie));
  }
}

TEST_F(MovieRankerTest, AWantedGenreNeverLowersMoviesOfItAgainstOthers) {
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    Random random(1, "ranker test", trial);
    PreferenceState state;
    state.liked = {static_cast<MovieId>(random.below(1000))};
    if (random.chance(0.5)) state.years = Span{1980, 1999};
    const GenreId wanted = static_cast<GenreId>(random.below(catalog.genres().size()));
    const auto before = ranker.rank(state, {}, catalog.size());
    state.genres = {wanted};
    const auto after = ranker.rank(state, {}, catalog.size());
    // Ranks from the best, counted among the movies without the genre, may only improve.
    const auto others_before = [&](const std::vector<Candidate>& ranked) {
      std::vector<std::int32_t> better(static_cast<std::size_t>(catalog.size()), 0);
      std::int32_t others = 0;
      for (const Candidate& c : ranked) {
        if ((catalog.genre_mask(c.movie) >> wanted & 1) == 0) ++others;
        better[static_cast<std::size_t>(c.movie)] = others;
      }
      return better;
    };
    const auto was = others_before(before), is = others_before(after);
    for (MovieId movie = 0; movie < catalog.size(); ++movie) {
      if ((catalog.genre_mask(movie) >> wanted & 1) != 0) {
        ASSERT_LE(is[static_cast<std::size_t>(movie)], was[static_cast<std::size_t>(movie)]) << trial;
      }
    }
  }
}

TEST_F(MovieRankerTest, OrderIsTotalAndAPrefixOfTheWhole) {
  PreferenceState state;
  state.genres = {genre("Comedy")};
  const auto all = ranker.rank(state, {}, catalog.size()), few = ranker.rank(state, {}, 25);
  ASSERT_EQ(few.size(), 25u);
  for (std::size_t i = 0; i < 25; ++i) EXPECT_EQ(few[i].movie, all[i].movie);
  for (std::size_t i = 1; i < all.size(); ++i) {
    ASSERT_TRUE(all[i - 1].score > all[i].score ||
                (all[i - 1].score == all[i].score && all[i - 1].movie < all[i].movie));
  }
}

TEST_F(MovieRankerTest, ViableMoviesAgreeWithEverythingAndRankFirst) {
  PreferenceState state;
  state.genres = {genre("Crime"), genre("Drama")};
  state.not_genres = {genre("Comedy")};
  state.years = Span{1970, 1979};
  const std::int32_t count = ranker.viable(state, {}).count();
  ASSERT_GT(count, 5);
  const auto ranked = ranker.rank(state, {}, count);
  for (const Candidate& c : ranked) {
    EXPECT_TRUE(viable(state, c.movie)) << catalog.display_name(c.movie);
    EXPECT_EQ(catalog.year(c.movie) / 10, 197);
  }
}

TEST_F(MovieRankerTest, FindsTheTargetOfTrueAnswers) {
  // Two genres, the decade, the popularity and one actor determine a movie almost completely.
  std::int64_t first_ten = 0, trials = 0;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    Random random(1, "target", trial);
    const MovieId target = static_cast<MovieId>(random.below(static_cast<std::uint64_t>(catalog.size())));
    if (catalog.genres_of(target).empty() || catalog.cast(target).empty()) continue;
    PreferenceState state;
    for (const GenreId g : catalog.genres_of(target).first(std::min<std::size_t>(2, catalog.genres_of(target).size())))
      state.genres.push_back(g);
    const std::int32_t decade = catalog.year(target) / 10 * 10;
    state.years = Span{decade, decade + 9};
    state.popularity = popularity_of(catalog, target);
    state.people = {catalog.cast(target)[0]};
    ASSERT_TRUE(viable(state, target));
    first_ten += place_of(state, target) < 10;
    ++trials;
  }
  EXPECT_GT(first_ten, trials * 95 / 100);
}

TEST_F(MovieRankerTest, ReasonsAreTrueAndStrongestFirst) {
  PreferenceState state;
  state.genres = {genre("Comedy"), genre("Romance")};
  state.years = Span{1990, 1999};
  state.people = {sample.person("Tom Hanks")};
  state.liked = {sample.movie("Sleepless in Seattle (1993)")};
  const auto ranked = ranker.rank(state, {}, 20);
  ASSERT_FALSE(ranked[0].reasons.empty());
  EXPECT_EQ(ranked[0].reasons[0].kind, Reason::Kind::kPerson);
  for (const Candidate& c : ranked) {
    for (const Reason& reason : c.reasons) {
      switch (reason.kind) {
        case Reason::Kind::kGenre: EXPECT_NE(catalog.genre_mask(c.movie) >> reason.id & 1, 0u); break;
        case Reason::Kind::kPerson: EXPECT_TRUE(takes_part(catalog, c.movie, reason.id)); break;
        case Reason::Kind::kYears: EXPECT_EQ(catalog.year(c.movie) / 10, 199); break;
        case Reason::Kind::kSimilar: EXPECT_EQ(reason.id, state.liked[0]); break;
        default: ADD_FAILURE() << "a reason that no preference asks for";
      }
    }
  }
}

TEST_F(MovieRankerTest, UnwantedPeopleAndGenresGoDown) {
  PreferenceState state;
  state.genres = {genre("Comedy")};
  state.popularity = Popularity::kPopular;
  const MovieId movie = sample.movie("50 First Dates (2004)");
  const auto before = place_of(state, movie);
  state.not_people = {sample.person("Adam Sandler")};
  EXPECT_GT(place_of(state, movie), before + 100);
  EXPECT_FALSE(viable(state, movie));
}

TEST_F(MovieRankerTest, ALikedMovieBringsItsLike) {
  PreferenceState state;
  state.liked = {sample.movie("Toy Story (1995)")};
  const auto before = place_of({}, sample.movie("Toy Story 2 (1999)"));
  EXPECT_LT(place_of(state, sample.movie("Toy Story 2 (1999)")), std::max<std::int64_t>(5, before));
}

// The short way over the movies that meet all wishes gives what a ranking of all movies gives, to the bit.
TEST_F(MovieRankerTest, TheNearestAreThoseOfTheWholeRanking) {
  int fitting = 0, relaxed = 0;
  for (std::uint64_t trial = 0; trial < 300; ++trial) {
    PreferenceState state = testing::random_wishes(catalog, trial);
    if (trial % 10 == 0) state.sort = static_cast<SortOrder>(trial / 10 % kSortOrders);
    Random random(3, "nearest test", trial);
    std::vector<MovieId> excluded;
    for (std::uint64_t i = random.below(20); i > 0; --i)
      excluded.push_back(static_cast<MovieId>(random.below(static_cast<std::uint64_t>(catalog.size()))));
    const std::int32_t k = trial % 3 == 0 ? 5 : 60;
    const NearestMovies found = ranker.nearest(state, excluded, k);
    const NearestMovies plain = nearest_of(ranker.rank(state, excluded, k));
    ASSERT_EQ(found.candidates.size(), plain.candidates.size()) << trial;
    ASSERT_EQ(found.broken, plain.broken) << trial;
    for (std::size_t i = 0; i < plain.candidates.size(); ++i) {
      ASSERT_EQ(found.candidates[i].movie, plain.candidates[i].movie) << trial;
      ASSERT_EQ(found.candidates[i].score, plain.candidates[i].score) << trial;
      Candidate explained = found.candidates[i];
      ranker.explain(state, explained);
      ASSERT_EQ(explained.reasons, plain.candidates[i].reasons) << trial;
      ASSERT_EQ(explained.broken, plain.candidates[i].broken) << trial;
    }
    ++(plain.broken.empty() ? fitting : relaxed);
  }
  EXPECT_GT(fitting, 50);
  EXPECT_GT(relaxed, 50);
}

}  // namespace
}  // namespace matinee
