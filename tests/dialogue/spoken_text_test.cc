#include "lib/dialogue/spoken_text.h"

#include <gtest/gtest.h>

#include "lib/dialogue/article.h"
#include "lib/dialogue/genre_text.h"
#include "tests/dialogue/sample_world.h"

namespace matinee {
namespace {

using testing::SampleWorld;

TEST(SpokenText, LengthsAsPeopleSayThem) {
  EXPECT_EQ(short_length(116), "1 h 56 min");
  EXPECT_EQ(short_length(120), "2 h");
  EXPECT_EQ(short_length(45), "45 min");
  EXPECT_EQ(spoken_length(45), "45 minutes");
  EXPECT_EQ(spoken_length(58), "just under an hour");
  EXPECT_EQ(spoken_length(60), "an hour");
  EXPECT_EQ(spoken_length(90), "an hour and a half");
  EXPECT_EQ(spoken_length(93), "just over an hour and a half");
  EXPECT_EQ(spoken_length(100), "an hour and 40 minutes");
  EXPECT_EQ(spoken_length(101), "about an hour and 40 minutes");
  EXPECT_EQ(spoken_length(118), "just under two hours");
  EXPECT_EQ(spoken_length(120), "two hours");
  EXPECT_EQ(spoken_length(148), "just under two and a half hours");
  EXPECT_EQ(spoken_length(170), "two hours and 50 minutes");
  EXPECT_EQ(spoken_length(450), "7 and a half hours");
}

TEST(SpokenText, ALengthIsNeverFarFromTheTruth) {
  for (std::int32_t minutes = 1; minutes < 600; ++minutes) {
    const std::string text = spoken_length(minutes);
    EXPECT_EQ(text.find("0 minutes and"), std::string::npos) << text;
    if (minutes % 5 != 0) continue;
    EXPECT_FALSE(text.starts_with("about") || text.starts_with("just")) << minutes << ": " << text;
  }
}

TEST(SpokenText, KindsOfMovies) {
  using Genres = std::vector<std::string>;
  EXPECT_EQ(short_kind(Genres{"Comedy", "Drama", "Romance"}), "romantic comedy");
  EXPECT_EQ(short_kind(Genres{"Crime", "Drama", "Thriller"}), "crime thriller");
  EXPECT_EQ(short_kind(Genres{"Action", "Adventure", "Sci-Fi"}), "sci-fi movie");
  EXPECT_EQ(short_kind(Genres{"Comedy", "Drama"}), "comedy");
  EXPECT_EQ(short_kind(Genres{"Horror"}), "horror movie");
  EXPECT_EQ(short_kind(Genres{"Crime", "Film-Noir"}), "film noir");
  EXPECT_EQ(short_kind(Genres{}), "movie");
  EXPECT_EQ(full_kind(Genres{"Animation", "Family"}), "animated family movie");
  EXPECT_EQ(full_kind(Genres{"Comedy", "Thriller"}), "comedy thriller");
  EXPECT_EQ(full_kind(Genres{"Comedy", "Crime", "Romance"}), "crime romantic comedy");
  EXPECT_EQ(with_article("animated movie"), "an animated movie");
  for (const char* noun : {"8 minute film", "80s film", "11 minute film", "18 year old", "1895 film", "hour",
                           "Indian film", "unimportant one"})
    EXPECT_EQ(with_article(noun), std::string("an ") + noun);
  for (const char* noun : {"1995 film", "110 minute film", "180 minute film", "90s film", "unique film", "one-act film",
                           "European film", "horror movie"})
    EXPECT_EQ(with_article(noun), std::string("a ") + noun);
}

TEST(SpokenText, AllWishesAsOneNoun) {
  const MovieCatalog& catalog = SampleWorld::get().catalog;
  const auto wish = [&](const char* json) { return wish_text(parse_preference_state(json, catalog), catalog); };
  EXPECT_EQ(wish("{}"), "");
  EXPECT_EQ(wish(R"({"genres":["Comedy"],"years":"1940s","people":["Al Pacino"]})"),
            "a comedy with Al Pacino from the 1940s");
  EXPECT_EQ(wish(R"({"genres":["Comedy","Thriller"],"either":["genre"]})"), "a comedy or a thriller");
  EXPECT_EQ(wish(R"({"years":"1980 to 1999"})"), "a movie from the 1980s or 1990s");
  EXPECT_EQ(wish(R"({"years":"1994 to 1997"})"), "a movie from 1994 to 1997");
  EXPECT_EQ(wish(R"({"years":"since 2010","runtime":"up to 90"})"), "a movie from 2010 or later of at most 1 h 30 min");
}

}  // namespace
}  // namespace matinee
