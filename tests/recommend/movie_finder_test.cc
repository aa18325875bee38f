#include "lib/recommend/movie_finder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/vectors/sample_catalog.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::SampleCatalog;

class MovieFinderTest : public ::testing::Test {
 protected:
  const SampleCatalog& sample = SampleCatalog::shared();
  const MovieCatalog& catalog = *sample.catalog;
  ThreadPool pool{1};
  Context context{pool};
  std::vector<std::string> notes;

  std::vector<FoundMovie> find(const std::string& query, std::int32_t k, const MovieFilter& filter = {},
                               const std::optional<VectorWeights>& weights = {}) {
    MovieFinder finder(catalog, context, filter, weights, 1, [&](std::string_view note) { notes.emplace_back(note); });
    return finder.find(query, k);
  }
  static std::vector<MovieId> movies(const std::vector<FoundMovie>& found) {
    std::vector<MovieId> ids;
    for (const FoundMovie& each : found) ids.push_back(each.movie);
    return ids;
  }
};

TEST_F(MovieFinderTest, ATitleATconstAndAMisspeltTitleAreOneMovie) {
  const auto by_title = find("Toy Story 2", 5);
  const MovieId movie = sample.movie("Toy Story 2 (1999)");
  EXPECT_EQ(by_title.front().movie, sample.movie("Toy Story (1995)"));
  EXPECT_EQ(movies(find(std::string(catalog.tconst(movie)), 5)), movies(by_title));
  EXPECT_TRUE(notes.empty());
  EXPECT_EQ(movies(find("Toi Story 2", 5)), movies(by_title));
  EXPECT_EQ(notes, (std::vector<std::string>{"\"Toi Story 2\" taken for Toy Story 2 (1999)"}));
}

TEST_F(MovieFinderTest, PartsSumUpToTheScore) {
  for (const FoundMovie& each : find("Heat (1995)", 20)) {
    ASSERT_TRUE(each.parts);
    EXPECT_NEAR((*each.parts)[0] + (*each.parts)[1] + (*each.parts)[2], each.score, 1e-5);
  }
}

TEST_F(MovieFinderTest, PreferencesGiveWhatTheRankerGives) {
  PreferenceState state;
  state.genres = {catalog.genre_id("Comedy").value()};
  state.liked = {sample.movie("Heat (1995)")};
  const auto found = find(to_json(state, catalog), 30);
  const auto ranked = MovieRanker(catalog).rank(state, {}, 30);
  ASSERT_EQ(found.size(), ranked.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].movie, ranked[i].movie);
    EXPECT_EQ(found[i].score, ranked[i].score);
    EXPECT_FALSE(found[i].parts);
    EXPECT_EQ(found[i].reasons.size(), ranked[i].reasons.size());
  }
}

TEST_F(MovieFinderTest, WeightsReachPreferenceQueries) {
  const std::string liked = "{\"liked\":[\"Toy Story (1995)\"]}";
  const MovieId other = sample.movie("Heat (1995)");
  const auto score = [&](const VectorWeights& weights) {
    const auto found = find(liked, catalog.size(), {}, weights);
    const auto at = std::find_if(found.begin(), found.end(), [&](const auto& each) { return each.movie == other; });
    return at->score;
  };
  const MovieVectorView view(catalog);
  const MovieId toy_story = sample.movie("Toy Story (1995)");
  const float none = score({0, 0, 0});  // prior alone
  EXPECT_NEAR(score({1, 0, 0}) - none, 4 * similarity(view, {1, 0, 0}, toy_story, other), 1e-5);
  EXPECT_NEAR(score({0, 2, 1}) - none, 4 * similarity(view, {0, 2, 1}, toy_story, other), 1e-5);
  EXPECT_EQ(score(view.weights()), score(MovieVectorView(catalog).weights()));
}

TEST_F(MovieFinderTest, FiltersHoldForBothKindsOfQuery) {
  MovieFilter filter;
  filter.years = "1990-1999";
  filter.genres = {"Comedy"};
  filter.not_genres = {"Romance"};
  filter.min_rating = 7;
  filter.min_votes = 3;
  const MovieSet allowed = filter.matches(catalog);
  ASSERT_GT(allowed.count(), 5);
  allowed.for_each([&](MovieId movie) {
    EXPECT_EQ(catalog.year(movie) / 10, 199);
    EXPECT_NE(catalog.genre_mask(movie) >> catalog.genre_id("Comedy").value() & 1, 0u);
    EXPECT_EQ(catalog.genre_mask(movie) >> catalog.genre_id("Romance").value() & 1, 0u);
    EXPECT_GE(catalog.rating_tenths(movie), 70);
    EXPECT_GE(catalog.votes(movie), 3);
  });
  for (const char* query : {"Heat (1995)", "{\"genres\":[\"Drama\"]}"}) {
    const auto found = find(query, catalog.size(), filter);
    EXPECT_EQ(static_cast<std::int32_t>(found.size()), allowed.count()) << query;
    for (const FoundMovie& each : found) EXPECT_TRUE(allowed.contains(each.movie)) << query;
  }
}

TEST_F(MovieFinderTest, SpansMayBeOpenAtEitherEnd) {
  const auto count = [&](const char* years) {
    MovieFilter filter;
    filter.years = years;
    return filter.matches(catalog).count();
  };
  const auto counted = [&](std::int32_t low, std::int32_t high) {
    std::int32_t sum = 0;
    for (MovieId movie = 0; movie < catalog.size(); ++movie)
      sum += catalog.year(movie) >= low && catalog.year(movie) <= high ? 1 : 0;
    return sum;
  };
  EXPECT_EQ(count("1994"), counted(1994, 1994));
  EXPECT_EQ(count("1994-"), counted(1994, 9999));
  EXPECT_EQ(count("-1994"), counted(0, 1994));
  EXPECT_EQ(count("1980-1994"), counted(1980, 1994));
  EXPECT_EQ(count(""), catalog.size());
  for (const char* years : {"x", "1994x", "19-9-4", "1994-1990"})
    EXPECT_NE(error_of([&] { count(years); }), "") << years;
}

TEST_F(MovieFinderTest, WhatIsUnknownIsNamed) {
  EXPECT_EQ(error_of([&] { find("tt0000001", 1); }),
            "the catalog has no tt0000001; it may be of another type or have too few votes");
  find("Psycho", 1);
  EXPECT_EQ(notes.back(), "\"Psycho\" taken for Psycho (1960) tt90148259; it may also be Psycho (1998) tt90133445");
  MovieFilter filter;
  filter.genres = {"Opera"};
  EXPECT_TRUE(
      error_of([&] { find("Heat (1995)", 1, filter); }).starts_with("no genre \"Opera\"; the catalog has Action, "));
}

TEST_F(MovieFinderTest, LinesOfBothFormats) {
  const MovieId heat = sample.movie("Heat (1995)");
  const std::string tconst(catalog.tconst(heat)), head = "q\t1\t" + tconst + "\tHeat\t1995\t";
  const std::string movie = "{\"tconst\":\"" + tconst + "\",\"title\":\"Heat\",\"year\":1995",
                    list = "\"neighbors\":[" + movie + ",";
  EXPECT_EQ(tsv_header(false), "query\trank\ttconst\tprimaryTitle\tstartYear\tscore\n");
  EXPECT_EQ(tsv_header(true), "query\trank\ttconst\tprimaryTitle\tstartYear\tscore\ttitle\tcast\tcrew\treasons\n");
  const MovieQuery name{{{heat, 1}}, {}}, state{{}, PreferenceState{}};
  const std::vector<FoundMovie> near{{heat, 0.5f, {{0.25f, 0.125f, 0.125f}}, {}}};
  EXPECT_EQ(to_tsv({"q", name, near}, catalog, false), head + "0.5000\n");
  EXPECT_EQ(to_tsv({"q", name, near}, catalog, true), head + "0.5000\t0.2500\t0.1250\t0.1250\t\\N\n");
  EXPECT_EQ(to_json_line({"q", name, near}, catalog, true),
            "{\"query\":\"q\",\"movie\":" + movie + "}," + list +
                "\"score\":0.5,\"parts\":{\"title\":0.25,\"cast\":0.125,\"crew\":0.125}}]}\n");
  const std::vector<FoundMovie> fits{{heat, 3, {}, {{Reason::Kind::kYears}, {Reason::Kind::kPopular}}}};
  EXPECT_EQ(to_tsv({"q", state, fits}, catalog, true), head + "3.0000\t\\N\t\\N\t\\N\t1995; popular\n");
  EXPECT_EQ(to_json_line({"q", state, fits}, catalog, true),
            "{\"query\":\"q\"," + list + "\"score\":3,\"reasons\":[\"1995\",\"popular\"]}]}\n");
  EXPECT_EQ(to_json_line({"q", state, fits}, catalog, false), "{\"query\":\"q\"," + list + "\"score\":3}]}\n");
}

TEST_F(MovieFinderTest, LikedMoviesAloneAreAnsweredByTheVectors) {
  const auto find_without_prior = [&](const std::string& query, bool by_ranker) {
    MovieFinder finder(catalog, context, {}, {}, 0, [](std::string_view) {});
    MovieQuery understood = finder.understand(query);
    EXPECT_EQ(understood.terms.size(), 3u);
    if (by_ranker) understood.terms.clear();
    return finder.answer(understood, 50);
  };
  const std::string query =
      R"_({"liked":["Heat (1995)","toy story"],"disliked":["psycho 1998"],"seen":["Toy Story 2"]})_";
  const auto vectors = find_without_prior(query, false), ranked = find_without_prior(query, true);
  ASSERT_EQ(vectors.size(), ranked.size());
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    EXPECT_NEAR(vectors[i].score, ranked[i].score, 1e-5);
    EXPECT_TRUE(vectors[i].parts);
    EXPECT_NE(vectors[i].movie, sample.movie("Toy Story 2 (1999)"));
  }
}

}  // namespace
}  // namespace matinee
