#include "lib/understanding/genre_finder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "tests/dialogue/sample_world.h"
#include "tests/wording/built_in_phrases.h"

namespace matinee {
namespace {

using testing::built_in_phrases;
using testing::SampleWorld;

std::string found(const GenreFinder& finder, std::string_view text) {
  std::vector<std::string> names;
  for (const GenreMention& mention : finder.find(text))
    names.push_back(SampleWorld::get().catalog.genres()[static_cast<std::size_t>(mention.genre)]);
  return fmt::format("{}", fmt::join(names, ","));
}

TEST(GenreFinder, FindsWordsThatSpeakForOneGenre) {
  const GenreFinder finder(SampleWorld::get().catalog, built_in_phrases());
  EXPECT_EQ(found(finder, "A Thriller, please"), "Thriller");
  EXPECT_EQ(found(finder, "something with gangsters, but no westerns"), "Crime,Western");
  EXPECT_EQ(found(finder, "science fiction or sci-fi"), "Sci-Fi");
  EXPECT_EQ(found(finder, "a good movie I love from the nineties"), "");
}

TEST(GenreFinder, AllowsTypingErrors) {
  const GenreFinder finder(SampleWorld::get().catalog, built_in_phrases());
  EXPECT_EQ(found(finder, "a comdy"), "Comedy");
  EXPECT_EQ(found(finder, "horor films"), "Horror");
  EXPECT_EQ(found(finder, "no documentarries"), "Documentary");
  EXPECT_EQ(found(finder, "a scary tghing"), "Horror");
}

TEST(GenreFinder, SaysWhereTheWordIs) {
  const GenreFinder finder(SampleWorld::get().catalog, built_in_phrases());
  const auto mentions = finder.find("an old western");
  ASSERT_EQ(mentions.size(), 1u);
  EXPECT_EQ(mentions[0].begin, 7u);
  EXPECT_EQ(mentions[0].end, 14u);
}

}  // namespace
}  // namespace matinee
