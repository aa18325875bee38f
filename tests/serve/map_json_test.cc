#include "lib/serve/map_json.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "tests/vectors/map_catalog.h"
#include "tests/vectors/sample_catalog.h"

namespace matinee {
namespace {

using simdjson::dom::element;

TEST(MapJson, HasAListForEachFact) {
  const testing::TemporaryFolder folder;
  const MovieCatalog catalog(testing::catalog_with_map(folder, {3, 2}, {-1, 1, 0, 0.5f, 0.25f, -0.75f}));
  simdjson::dom::parser parser;
  const element map = parser.parse(map_json(catalog).value());
  for (std::size_t movie = 0; movie < 3; ++movie) {
    const auto id = static_cast<MovieId>(movie);
    EXPECT_EQ(std::string_view(map["tconst"].at(movie)), catalog.tconst(id));
    EXPECT_EQ(std::string_view(map["title"].at(movie)), catalog.title(id));
    EXPECT_EQ(std::int64_t(map["year"].at(movie)), catalog.year(id));
    EXPECT_EQ(std::int64_t(map["votes"].at(movie)), catalog.votes(id));
    const auto genre = catalog.genre_id(std::string_view(map["genre"].at(movie)));
    ASSERT_TRUE(genre.has_value());
    EXPECT_NE(catalog.genre_mask(id) >> *genre & 1, 0u);
  }
  for (const char* list : {"tconst", "title", "year", "genre", "votes", "x", "y"})
    EXPECT_EQ(simdjson::dom::array(map[list]).size(), 3u) << list;
  const std::int64_t x[] = {-10000, 0, 2500}, y[] = {10000, 5000, -7500};
  for (std::size_t movie = 0; movie < 3; ++movie) {
    EXPECT_EQ(std::int64_t(map["x"].at(movie)), x[movie]);
    EXPECT_EQ(std::int64_t(map["y"].at(movie)), y[movie]);
  }
}

TEST(MapJson, IsNothingWithoutAMap) { EXPECT_FALSE(map_json(*testing::SampleCatalog::shared().catalog).has_value()); }

}  // namespace
}  // namespace matinee
