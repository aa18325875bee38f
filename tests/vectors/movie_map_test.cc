#include "lib/vectors/movie_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lib/base/random.h"
#include "lib/vectors/similarity_search.h"
#include "lib/vectors/sparse_rows.h"
#include "tests/vectors/map_catalog.h"
#include "tests/vectors/sample_catalog.h"

namespace matinee {
namespace {

constexpr std::int64_t kDim = 16;
constexpr VectorWeights kWeights{0.38f, 0.42f, 0.2f};

std::vector<float> map_of(const MovieVectors& vectors, int threads = 2, const MapOptions& options = {}) {
  ThreadPool pool(threads);
  Context context(pool);
  return movie_map(MovieVectorView(vectors, kWeights), options, context, silent_progress);
}

// `n` movies in `groups` groups, movie m in group m % groups: a random direction of the group and some noise.
MovieVectors grouped_vectors(std::size_t n, std::size_t groups, double noise = 0.1) {
  MovieVectors vectors;
  vectors.dim = kDim;
  for (std::size_t kind = 0; kind < kVectorKinds; ++kind) {
    for (std::size_t movie = 0; movie < n; ++movie) {
      Random center(kind, "group", movie % groups), own(kind, "movie", movie);
      for (std::int64_t i = 0; i < kDim; ++i)
        vectors.rows[kind].push_back(static_cast<float>(center.normal() + noise * own.normal()));
      scale_to_unit(std::span(vectors.rows[kind]).last(kDim));
    }
  }
  return vectors;
}

double distance(const std::vector<float>& map, std::size_t a, std::size_t b) {
  return std::hypot(map[2 * a] - map[2 * b], map[2 * a + 1] - map[2 * b + 1]);
}

// Numbers from -1 to 1 that fill the square in one direction, unless there is a single movie.
void expect_map(const std::vector<float>& map, std::size_t n) {
  ASSERT_EQ(map.size(), 2 * n);
  float most = 0;
  for (const float place : map) {
    ASSERT_LE(std::fabs(place), 1.0f);  // false for NaN
    most = std::max(most, std::fabs(place));
  }
  if (n > 1) {
    EXPECT_GT(most, 0.99f);
  }
}

TEST(MovieMap, GroupsStayApart) {
  constexpr std::size_t kMovies = 600, kGroups = 6;
  const std::vector<float> map = map_of(grouped_vectors(kMovies, kGroups));
  expect_map(map, kMovies);
  for (std::size_t movie = 0; movie < kMovies; ++movie) {
    double nearest_other = INFINITY, nearest_own = INFINITY;
    for (std::size_t other = 0; other < kMovies; ++other) {
      if (other == movie) continue;
      double& nearest = other % kGroups == movie % kGroups ? nearest_own : nearest_other;
      nearest = std::min(nearest, distance(map, movie, other));
    }
    ASSERT_LT(nearest_own, nearest_other) << movie;
  }
}

TEST(MovieMap, IsTheSameWithAnyNumberOfThreads) {
  const MovieVectors vectors = grouped_vectors(800, 20, 0.5);
  EXPECT_EQ(map_of(vectors, 1), map_of(vectors, 3));
  EXPECT_NE(map_of(vectors, 1), map_of(vectors, 1, {.seed = 2}));
}

TEST(MovieMap, KeepsNeighborsOfTheSample) {
  const MovieVectors vectors = testing::SampleCatalog(1500).vectors;
  const std::vector<float> map = map_of(vectors);
  const std::size_t n = map.size() / 2;
  expect_map(map, n);
  ThreadPool pool(2);
  Context context(pool);
  const MovieVectorView view(vectors, kWeights);
  std::vector<std::int32_t> ids;
  std::vector<float> scores;
  SimilaritySearch(view, context).all_neighbors(10, ids, scores);
  std::int64_t kept = 0, of = 0;
  std::vector<std::size_t> others(n);
  for (std::size_t movie = 0; movie < n; movie += 10, of += 10) {
    for (std::size_t i = 0; i < n; ++i) others[i] = i;
    std::partial_sort(others.begin(), others.begin() + 11, others.end(),
                      [&](std::size_t a, std::size_t b) { return distance(map, movie, a) < distance(map, movie, b); });
    for (std::size_t i = 0; i < 10; ++i)
      kept += std::count(others.begin(), others.begin() + 11, static_cast<std::size_t>(ids[movie * 10 + i]));
  }
  EXPECT_GT(static_cast<double>(kept) / static_cast<double>(of), 0.35);  // 0.44; the principal components keep 0.02
}

class SmallMapTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(SmallMapTest, HasAPlaceForEachMovie) { expect_map(map_of(grouped_vectors(GetParam(), 2)), GetParam()); }
TEST_P(SmallMapTest, OfEqualMovies) { expect_map(map_of(grouped_vectors(GetParam(), 1, 0)), GetParam()); }

INSTANTIATE_TEST_SUITE_P(Sizes, SmallMapTest, ::testing::Values(0, 1, 2, 3, 4, 15, 16, 17, 40));

TEST(MovieMap, MoviesOfWhichNothingIsKnown) {
  MovieVectors vectors = grouped_vectors(300, 3);
  for (auto& rows : vectors.rows) {
    for (const std::size_t movie : {0, 150, 299})
      std::fill_n(rows.begin() + static_cast<int>(movie) * kDim, kDim, 0.0f);
  }
  const std::vector<float> map = map_of(vectors);
  expect_map(map, 300);
  // They do not push the others together.
  EXPECT_GT(distance(map, 1, 2), 0.1);
  for (auto& rows : vectors.rows) std::fill(rows.begin(), rows.end(), 0.0f);
  expect_map(map_of(vectors), 300);
}

TEST(MovieMap, LaterMoviesArePlacedBesideThoseLaidOut) {
  constexpr std::size_t kMovies = 900, kGroups = 3;
  const std::vector<float> map = map_of(grouped_vectors(kMovies, kGroups), 2, {.laid_out = 600});
  expect_map(map, kMovies);
  for (std::size_t movie = 600; movie < kMovies; ++movie) {
    std::size_t nearest = 0;
    for (std::size_t other = 1; other < 600; ++other) {
      if (distance(map, movie, other) < distance(map, movie, nearest)) nearest = other;
    }
    ASSERT_EQ(nearest % kGroups, movie % kGroups) << movie;
  }
}

TEST(StoredMap, IsThatOfTheCatalogOrEmpty) {
  const testing::TemporaryFolder folder;
  const MovieCatalog catalog(testing::catalog_with_map(folder, {3, 2}, {-1, 1, 0, 0.5f, 0.25f, -0.75f}));
  EXPECT_EQ(stored_map(catalog)[5], -0.75f);
  EXPECT_TRUE(stored_map(*testing::SampleCatalog::shared().catalog).empty());
}

TEST(StoredMap, RefusesOtherShapesAndNumbers) {
  const testing::TemporaryFolder folder;
  const std::string path = testing::catalog_with_map(folder, {2, 3}, {-1, 1, 0, 0.5f, 0.25f, -0.75f});
  EXPECT_EQ(testing::error_of([&] { stored_map(MovieCatalog(path)); }), path + ": map: expected [3, 2]");
  for (const float wrong : {NAN, INFINITY, -1.5f}) {
    testing::catalog_with_map(folder, {3, 2}, {-1, 1, 0, wrong, 0, 0});
    EXPECT_EQ(testing::error_of([&] { stored_map(MovieCatalog(path)); }),
              path + ": map: row 1: expected numbers from -1 to 1");
  }
}

}  // namespace
}  // namespace matinee
