#include "lib/catalog/movie_set.h"

#include <gtest/gtest.h>

namespace matinee {
namespace {

std::vector<MovieId> members(const MovieSet& set) {
  std::vector<MovieId> found;
  set.for_each([&](MovieId movie) { found.push_back(movie); });
  return found;
}

TEST(MovieSet, HoldsWhatWasInserted) {
  MovieSet set(130);
  EXPECT_EQ(set.count(), 0);
  for (const MovieId movie : {129, 0, 63, 64, 0}) set.insert(movie);
  EXPECT_EQ(members(set), (std::vector<MovieId>{0, 63, 64, 129}));
  EXPECT_EQ(set.count(), 4);
  EXPECT_TRUE(set.contains(63));
  EXPECT_FALSE(set.contains(62));
  set.erase(63);
  set.erase(62);
  EXPECT_EQ(members(set), (std::vector<MovieId>{0, 64, 129}));
  set.erase(std::vector<MovieId>{0, 129});
  EXPECT_EQ(members(set), (std::vector<MovieId>{64}));
}

TEST(MovieSet, AllHasNoBitAfterTheLastMovie) {
  for (const std::int32_t movies : {0, 1, 63, 64, 65, 128}) {
    const MovieSet all = MovieSet::all(movies);
    EXPECT_EQ(all.count(), movies);
    EXPECT_EQ(all.words().size(), static_cast<std::size_t>((movies + 63) / 64));
    EXPECT_EQ(movies == 0 ? -1 : members(all).back(), movies - 1);
  }
}

TEST(MovieSet, IntersectionKeepsWhatIsInBoth) {
  MovieSet even(200), threes(200), sixes(200);
  for (MovieId movie = 0; movie < 200; ++movie) {
    if (movie % 2 == 0) even.insert(movie);
    if (movie % 3 == 0) threes.insert(movie);
    if (movie % 6 == 0) sixes.insert(movie);
  }
  EXPECT_EQ(even &= threes, sixes);
  EXPECT_NE(threes, sixes);
}

}  // namespace
}  // namespace matinee
