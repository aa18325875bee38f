#include "lib/vectors/similarity_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/support/guarded_device.h"
#include "tests/vectors/sample_catalog.h"

namespace matinee {
namespace {

using testing::SampleCatalog;

class SimilaritySearchTest : public ::testing::Test {
 protected:
  const SampleCatalog& sample = SampleCatalog::shared();
  const MovieCatalog& catalog = *sample.catalog;
  MovieVectorView view{catalog};
  ThreadPool pool{2};
  Context context{pool};
  SimilaritySearch search{view, context};

  std::vector<Neighbor> nearest(const std::string& name, std::int32_t k, const MovieSet* allowed = nullptr) {
    const SimilarityTerm term{sample.movie(name)};
    return search.search({&term, 1}, k, allowed);
  }
};

TEST_F(SimilaritySearchTest, NearestOfASequelIsOfItsSeries) {
  const std::pair<const char*, const char*> series[] = {{"Toy Story 2 (1999)", "Toy Story"},
                                                        {"The Godfather Part II (1974)", "The Godfather"},
                                                        {"Lethal Weapon 2 (1989)", "Lethal Weapon"},
                                                        {"Die Hard 2 (1990)", "Die Hard"},
                                                        {"Scream 2 (1997)", "Scream"}};
  for (const auto& [movie, title] : series) {
    const auto found = nearest(movie, 3);
    EXPECT_TRUE(std::any_of(found.begin(), found.end(),
                            [&](const Neighbor& n) { return catalog.title(n.movie).starts_with(title); }))
        << movie << " is near " << catalog.display_name(found[0].movie);
  }
}

TEST_F(SimilaritySearchTest, PartsSumUpToTheScoreAndOrderIsTotal) {
  const auto found = nearest("Heat (1995)", 50);
  ASSERT_EQ(found.size(), 50u);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i].parts[0] + found[i].parts[1] + found[i].parts[2], found[i].score, 1e-5);
    EXPECT_NE(found[i].movie, sample.movie("Heat (1995)"));
    if (i == 0) continue;
    EXPECT_TRUE(found[i - 1].score > found[i].score ||
                (found[i - 1].score == found[i].score && found[i - 1].movie < found[i].movie));
  }
}

TEST_F(SimilaritySearchTest, GivesTheSameOnAGuardedDevice) {
  GuardedContext guarded(pool);
  SimilaritySearch there(view, guarded);
  const SimilarityTerm term{sample.movie("Heat (1995)")};
  const auto wanted = nearest("Heat (1995)", 50), found = there.search({&term, 1}, 50);
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].movie, wanted[i].movie);
    EXPECT_EQ(found[i].score, wanted[i].score);
  }
}

TEST_F(SimilaritySearchTest, RepeatedSearchesEqualFreshOnes) {
  GuardedContext guarded(pool);
  const auto& memory = static_cast<const GuardedAllocator&>(*guarded.allocator());
  SimilaritySearch there(view, guarded);
  MovieSet few = MovieSet::all(catalog.size());
  for (MovieId movie = 0; movie < catalog.size(); movie += 3) few.erase(movie);
  there.search(std::vector<SimilarityTerm>{{1}}, 50);
  const std::size_t allocations = memory.allocations();
  std::size_t before = memory.uploaded_bytes();
  const auto bytes = [&] { return memory.uploaded_bytes() - std::exchange(before, memory.uploaded_bytes()); };
  const std::size_t query = kVectorKinds * static_cast<std::size_t>(view.dim()) * sizeof(float);
  const std::pair<std::vector<SimilarityTerm>, std::size_t> searches[] = {
      {{{1}}, query},                      // the same query: its filter is on the device already
      {{{700}, {90, -0.5f}}, query + 88},  // movies 1, 90 and 700 are in words 0 to 10 of the filter
      {{{700}, {90, -0.5f}, {130}}, query + 8},
      {{{3}}, query + 88}};
  for (const auto& [terms, uploaded] : searches) {
    const auto found = there.search(terms, 20), wanted = SimilaritySearch(view, context).search(terms, 20);
    EXPECT_EQ(bytes(), uploaded);
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].movie, wanted[i].movie);
  }
  const auto found = there.search(searches[1].first, 50, &few);
  const auto wanted = SimilaritySearch(view, context).search(searches[1].first, 50, &few);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].movie, wanted[i].movie);
  EXPECT_EQ(memory.allocations(), allocations);
}

TEST_F(SimilaritySearchTest, IsExact) {
  const MovieId query = sample.movie("Alien (1979)");
  std::vector<std::pair<float, MovieId>> all;
  for (MovieId movie = 0; movie < view.size(); ++movie) {
    if (movie == query) continue;
    double score = 0;
    for (int kind = 0; kind < kVectorKinds; ++kind) {
      const auto a = view.row(static_cast<VectorKind>(kind), query), b = view.row(static_cast<VectorKind>(kind), movie);
      double sum = 0;
      for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
      score += view.weights()[kind] * sum;
    }
    all.emplace_back(static_cast<float>(-score), movie);
  }
  std::sort(all.begin(), all.end());
  const auto found = nearest("Alien (1979)", 20);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_NEAR(found[i].score, -all[i].first, 1e-5);
}

TEST_F(SimilaritySearchTest, FiltersAdmitOnlyWhatIsAllowed) {
  MovieSet allowed = MovieSet::all(catalog.size());
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    if (catalog.year(movie) < 1990 || catalog.year(movie) > 1999) allowed.erase(movie);
  }
  const auto found = nearest("The Godfather (1972)", 30, &allowed);
  EXPECT_EQ(found.size(), 30u);
  for (const Neighbor& n : found) EXPECT_EQ(catalog.year(n.movie) / 10, 199);
}

TEST_F(SimilaritySearchTest, FewerThanKWhereFewerAreAllowed) {
  MovieSet allowed(catalog.size());
  for (const MovieId movie : {1, 2, 4}) allowed.insert(movie);
  EXPECT_EQ(nearest("The Godfather (1972)", 10, &allowed).size(), 3u);
  allowed = MovieSet(catalog.size());
  EXPECT_TRUE(nearest("The Godfather (1972)", 10, &allowed).empty());
}

TEST_F(SimilaritySearchTest, DislikedMoviesPushSimilarOnesAway) {
  const SimilarityTerm liked{sample.movie("Toy Story (1995)"), 1};
  const SimilarityTerm both[] = {liked, {sample.movie("Finding Nemo (2003)"), -1}};
  const auto score_of = [&](std::span<const SimilarityTerm> terms, MovieId movie) {
    const auto found = search.search(terms, catalog.size());
    return std::find_if(found.begin(), found.end(), [&](const Neighbor& n) { return n.movie == movie; })->score;
  };
  const MovieId pixar = sample.movie("Monsters, Inc. (2001)");
  EXPECT_LT(score_of(both, pixar), score_of({&liked, 1}, pixar) - 0.1f);
}

TEST_F(SimilaritySearchTest, AllNeighborsAreWhatOneSearchFinds) {
  std::vector<std::int32_t> ids;
  std::vector<float> scores;
  search.all_neighbors(5, ids, scores);
  ASSERT_EQ(ids.size(), static_cast<std::size_t>(catalog.size()) * 5);
  for (const MovieId movie : {0, 17, 4000}) {
    const SimilarityTerm term{movie};
    const auto found = search.search({&term, 1}, 5);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(ids[static_cast<std::size_t>(movie) * 5 + i], found[i].movie);
  }
}

}  // namespace
}  // namespace matinee
