#include "lib/recommend/movie_prior.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/vectors/sample_catalog.h"

namespace matinee {
namespace {

using testing::SampleCatalog;

TEST(MoviePrior, MoreVotesCountMoreAndNoneCountAsTheFewest) {
  const MovieCatalog& catalog = *SampleCatalog::shared().catalog;
  const auto prior = movie_prior(catalog, {}, {.votes = 1, .likes = 0, .rating = 0});
  float lowest_known = prior[0];
  for (MovieId movie = 1; movie < catalog.size(); ++movie) {
    ASSERT_LE(prior[static_cast<std::size_t>(movie)], prior[static_cast<std::size_t>(movie - 1)]);
    if (catalog.votes(movie) > 0) lowest_known = prior[static_cast<std::size_t>(movie)];
  }
  EXPECT_EQ(prior.back(), lowest_known);
  EXPECT_EQ(catalog.votes(catalog.size() - 1), kUnknown);
}

TEST(MoviePrior, RatingsOfFewVotesAreNearTheMean) {
  const MovieCatalog& catalog = *SampleCatalog::shared().catalog;
  const auto prior = movie_prior(catalog, {}, {.votes = 0, .likes = 0, .rating = 1});
  // The same rating above the mean counts more with more votes; an unknown one is the mean.
  MovieId few = -1, many = -1;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    if (catalog.votes(movie) <= 0 || catalog.rating_tenths(movie) != 76) continue;
    if (many < 0) many = movie;
    few = movie;
  }
  ASSERT_GT(catalog.votes(many), catalog.votes(few));
  EXPECT_GT(prior[static_cast<std::size_t>(many)], prior[static_cast<std::size_t>(few)]);
  EXPECT_EQ(prior[static_cast<std::size_t>(catalog.size() - 1)], 0.0f);
}

TEST(MoviePrior, LikesAddTheirLogarithm) {
  const MovieCatalog& catalog = *SampleCatalog::shared().catalog;
  std::vector<std::int32_t> likes(static_cast<std::size_t>(catalog.size()), 0);
  likes[7] = 9;
  const auto with = movie_prior(catalog, likes, {}), without = movie_prior(catalog, {}, {});
  EXPECT_NEAR(with[7] - without[7], PriorWeights().likes * std::log(10.0f), 1e-5);
  EXPECT_EQ(with[8], without[8]);
}

}  // namespace
}  // namespace matinee
