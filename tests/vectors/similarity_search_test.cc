#include "lib/vectors/similarity_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
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

void expect_same(const std::vector<Neighbor>& found, const std::vector<Neighbor>& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].movie, wanted[i].movie);
    EXPECT_EQ(found[i].score, wanted[i].score);
  }
}

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
  expect_same(found, wanted);
}

TEST_F(SimilaritySearchTest, RepeatedSearchesEqualFreshOnes) {
  GuardedContext guarded(pool);
  const auto& memory = static_cast<const GuardedAllocator&>(*guarded.allocator());
  SimilaritySearch there(view, guarded);
  MovieSet few = MovieSet::all(catalog.size());
  for (MovieId movie = 0; movie < catalog.size(); movie += 3) few.erase(movie);
  there.search(std::vector<SimilarityTerm>{{1}}, 60, &few);
  const std::size_t allocations = memory.allocations();
  std::size_t before = memory.uploaded_bytes();
  const auto bytes = [&] { return memory.uploaded_bytes() - std::exchange(before, memory.uploaded_bytes()); };
  const std::size_t query = kVectorKinds * static_cast<std::size_t>(view.dim()) * sizeof(float);
  MovieSet fewer = few;
  for (const MovieId movie : {1, 90, 700}) fewer.erase(movie);
  struct Search {
    std::vector<SimilarityTerm> terms;
    const MovieSet* allowed;
    std::size_t uploaded;
  };
  const Search searches[] = {{{{1}}, nullptr, query},
                             {{{700}, {90, -0.5f}}, &few, query},  // this filter is on the device already
                             {{{3}}, &fewer, query + 88},          // words 0 to 10 of the filter differ
                             {{{700}, {90, -0.5f}, {130}}, &fewer, query},
                             {{{3}}, nullptr, query}};
  for (const Search& each : searches) {
    const auto found = there.search(each.terms, 50, each.allowed);
    EXPECT_EQ(bytes(), each.uploaded);
    expect_same(found, SimilaritySearch(view, context).search(each.terms, 50, each.allowed));
  }
  EXPECT_EQ(memory.allocations(), allocations);
}

TEST_F(SimilaritySearchTest, ManySearchesAtOnceEqualSingleOnes) {
  std::vector<SimilaritySearch::Terms> searches;
  for (MovieId movie = 0; movie < 150; ++movie) searches.push_back({{movie}, {2 * movie + 7, -0.5f}});
  searches[3] = {};
  searches[77] = {{5}};
  MovieSet few = MovieSet::all(catalog.size());
  for (MovieId movie = 0; movie < catalog.size(); movie += 3) few.erase(movie);
  for (const MovieSet* allowed : {static_cast<const MovieSet*>(nullptr), static_cast<const MovieSet*>(&few)}) {
    const auto found = search.search_all(searches, 12, allowed);
    ASSERT_EQ(found.size(), searches.size());
    EXPECT_TRUE(found[3].empty());
    for (std::size_t i = 0; i < searches.size(); ++i) expect_same(found[i], search.search(searches[i], 12, allowed));
  }
}

// Several terms and unequal weights, so that the codes of a query are coarse.
TEST_F(SimilaritySearchTest, NarrowVectorsFindWhatFloat32Finds) {
  std::vector<SimilaritySearch::Terms> searches;
  for (MovieId movie = 0; movie < catalog.size(); movie += 29) searches.push_back({{movie}, {movie / 2 + 1, 0.1f}});
  MovieSet few(catalog.size());
  for (MovieId movie = 0; movie < catalog.size(); movie += 90) few.insert(movie);
  const VectorWeights weights{1.5f, 0.0f, 0.1f};
  for (const DType storage : {DType::kBF16, DType::kI8}) {
    GuardedContext guarded(pool);
    SimilaritySearch wide(view, context, weights), narrow(view, guarded, weights, storage);
    for (const MovieSet* allowed : {static_cast<const MovieSet*>(nullptr), static_cast<const MovieSet*>(&few)}) {
      const auto wanted = wide.search_all(searches, 25, allowed), found = narrow.search_all(searches, 25, allowed);
      for (std::size_t i = 0; i < searches.size(); ++i) {
        ASSERT_EQ(found[i].size(), wanted[i].size());
        for (std::size_t j = 0; j < wanted[i].size(); ++j) {
          EXPECT_NEAR(found[i][j].score, wanted[i][j].score, 1e-6);
          const auto close = [&](const Neighbor& n) {
            return n.movie == found[i][j].movie && std::fabs(n.score - found[i][j].score) < 1e-6f;
          };
          EXPECT_TRUE(std::any_of(wanted[i].begin(), wanted[i].end(), close) ||
                      std::fabs(found[i][j].score - wanted[i].back().score) < 1e-6f);
        }
      }
    }
  }
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
