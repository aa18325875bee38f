#include "lib/dialogue/genre_finder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "tests/dialogue/sample_world.h"

namespace matinee {
namespace {

using testing::SampleWorld;

std::string found(const GenreFinder& finder, std::string_view text) {
  std::vector<std::string> names;
  for (const GenreMention& mention : finder.find(text))
    names.push_back(SampleWorld::get().catalog.genres()[static_cast<std::size_t>(mention.genre)]);
  return fmt::format("{}", fmt::join(names, ","));
}

TEST(GenreFinder, FindsWordsThatSpeakForOneGenre) {
  const GenreFinder finder(SampleWorld::get().catalog, SampleWorld::get().phrasebook);
  EXPECT_EQ(found(finder, "A Thriller, please"), "Thriller");
  EXPECT_EQ(found(finder, "something with gangsters, but no westerns"), "Crime,Western");
  EXPECT_EQ(found(finder, "science fiction or sci-fi"), "Sci-Fi");
  EXPECT_EQ(found(finder, "a good movie I love from the nineties"), "");
}

TEST(GenreFinder, AllowsTypingErrors) {
  const GenreFinder finder(SampleWorld::get().catalog, SampleWorld::get().phrasebook);
  EXPECT_EQ(found(finder, "a comdy"), "Comedy");
  EXPECT_EQ(found(finder, "horor films"), "Horror");
  EXPECT_EQ(found(finder, "no documentarries"), "Documentary");
  EXPECT_EQ(found(finder, "a scary tghing"), "Horror");
}

TEST(GenreFinder, SaysWhereTheWordIs) {
  const GenreFinder finder(SampleWorld::get().catalog, SampleWorld::get().phrasebook);
  const auto mentions = finder.find("an old western");
  ASSERT_EQ(mentions.size(), 1u);
  EXPECT_EQ(mentions[0].begin, 7u);
  EXPECT_EQ(mentions[0].end, 14u);
}

// The genres of simulated users are nearly always found.
TEST(GenreFinder, FindsWhatUsersMean) {
  const SampleWorld& world = SampleWorld::get();
  const GenreFinder finder(world.catalog, world.phrasebook);
  int said = 0, missed = 0;
  for (std::uint64_t index = 0; index < 400; ++index) {
    for (const Exchange& exchange : world.talk(3, index).exchanges) {
      auto genres = exchange.update.said.genres;
      genres.insert(genres.end(), exchange.update.said.not_genres.begin(), exchange.update.said.not_genres.end());
      const auto mentions = finder.find(exchange.user_text);
      for (const GenreId genre : genres) {
        ++said;
        missed += std::none_of(mentions.begin(), mentions.end(),
                               [&](const GenreMention& mention) { return mention.genre == genre; });
      }
    }
  }
  EXPECT_GT(said, 400);
  EXPECT_LT(missed, said / 20) << missed << " of " << said;
}

}  // namespace
}  // namespace matinee
