#include "lib/dialogue/movie_series.h"

#include <gtest/gtest.h>

#include "lib/dialogue/movie_facts.h"
#include "tests/dialogue/sample_world.h"

namespace matinee {
namespace {

using testing::SampleWorld;

class MovieSeries : public ::testing::Test {
 protected:
  MovieId movie(const char* name) const { return catalog.find_display_name(name).value(); }
  bool same(const char* a, const char* b) const {
    EXPECT_EQ(same_series(catalog, movie(a), movie(b)), same_series(catalog, movie(b), movie(a))) << a << ", " << b;
    return same_series(catalog, movie(a), movie(b));
  }
  const MovieCatalog& catalog = SampleWorld::get().catalog;
};

TEST_F(MovieSeries, NumbersSubtitlesAndNamesJoin) {
  EXPECT_TRUE(same("The Godfather (1972)", "The Godfather Part II (1974)"));
  EXPECT_TRUE(same("Frozen (2013)", "Frozen II (2019)"));
  EXPECT_TRUE(same("Kill Bill: Volume 1 (2003)", "Kill Bill: Volume 2 (2004)"));
  EXPECT_TRUE(same("John Wick: Chapter 2 (2017)", "John Wick: Chapter 4 (2023)"));
  EXPECT_TRUE(same("Mission: Impossible III (2006)", "Mission Impossible: Rogue Nation (2015)"));
  EXPECT_TRUE(same("The Matrix (1999)", "The Matrix Reloaded (2003)"));
  EXPECT_TRUE(same("Alien (1979)", "Aliens (1986)"));
  EXPECT_TRUE(same("Rocky (1976)", "Rocky V (1990)"));
  EXPECT_TRUE(same("Ocean's Eleven (2001)", "Ocean's Twelve (2004)"));
  EXPECT_TRUE(same("Harry Potter and the Goblet of Fire (2005)", "Harry Potter and the Sorcerer's Stone (2001)"));
  EXPECT_TRUE(same("Blade Runner (1982)", "Blade Runner 2049 (2017)"));
  EXPECT_TRUE(same("Shrek 2 (2004)", "Shrek the Third (2007)"));
}

TEST_F(MovieSeries, SharedWordsAloneDoNot) {
  EXPECT_FALSE(same("Mission: Impossible (1996)", "Mission to Mars (2000)"));
  EXPECT_FALSE(same("Red (2010)", "Red Sparrow (2018)"));
  EXPECT_FALSE(same("Identity (2003)", "Identity Thief (2013)"));
  EXPECT_FALSE(same("Blade (1998)", "Blade Runner (1982)"));
  EXPECT_FALSE(same("This Is the End (2013)", "This Is 40 (2012)"));
  EXPECT_FALSE(same("Chicago (2002)", "Chicago 10 (2007)"));
  EXPECT_FALSE(same("Iron Man (1931)", "Iron Man 2 (2010)")) << "far apart and nobody in common";
  EXPECT_FALSE(same("Halloween (1978)", "Halloween (2007)")) << "a remake";
  EXPECT_FALSE(same("Heat (1995)", "Heat (1995)"));
}

TEST_F(MovieSeries, TheOtherPartsAreAFact) {
  const MovieId godfather = movie("The Godfather (1972)");
  EXPECT_EQ(series_of(catalog, godfather),
            (std::vector{movie("The Godfather Part II (1974)"), movie("The Godfather Part III (1990)")}));
  EXPECT_EQ(fact_text(catalog, godfather, Fact::kSeries),
            "The Godfather Part II (1974) and The Godfather Part III (1990)");
  EXPECT_FALSE(fact_text(catalog, movie("Heat (1995)"), Fact::kSeries));
}

}  // namespace
}  // namespace matinee
