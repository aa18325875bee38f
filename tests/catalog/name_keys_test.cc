#include "lib/catalog/name_keys.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lib/catalog/genre_words.h"
#include "lib/catalog/name_scan.h"
#include "lib/catalog/title_index.h"
#include "tests/catalog/small_catalog.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::SampleMovies;
using testing::TemporaryFolder;

TEST(NameKeys, EveryKeyGivesItsMovie) {
  const MovieCatalog& catalog = SampleMovies::get();
  ThreadPool pool(2);
  const auto entries = movie_key_entries(catalog, pool);
  EXPECT_TRUE(std::is_sorted(entries.begin(), entries.end()));
  const NameKeys keys(entries, catalog.size());
  std::size_t count = 0;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    for (const std::string& key : title_keys_of(catalog, movie)) {
      ++count;
      const auto rows = keys.rows(key);
      EXPECT_NE(std::find(rows.begin(), rows.end(), movie), rows.end()) << key;
    }
  }
  EXPECT_EQ(entries.size(), count);
  EXPECT_TRUE(keys.rows("no such title at all").empty());
  EXPECT_TRUE(NameKeys().rows("heat").empty());
}

TEST(NameKeys, TheSameWithAnyNumberOfThreads) {
  const MovieCatalog& catalog = SampleMovies::get();
  ThreadPool one(1), three(3);
  EXPECT_EQ(movie_key_entries(catalog, one), movie_key_entries(catalog, three));
  EXPECT_EQ(person_key_entries(catalog, one), person_key_entries(catalog, three));
}

TEST(NameKeys, KeysOfTitles) {
  EXPECT_EQ(title_key("The Godfather Part II"), "godfather 2");
  EXPECT_EQ(title_key("Fast & Furious"), title_key("the fast and furious"));
  EXPECT_EQ(title_key("The Sixth Sense"), title_key("the 6th sense"));
  EXPECT_EQ(title_key("Ocean's Eleven"), "oceans 11");
  EXPECT_EQ(title_key("$"), "$");
  EXPECT_EQ(title_key("The The"), "the the");
}

// A catalog of the sample with these entries of movies.
std::string with_entries(const TemporaryFolder& folder, const std::vector<std::int64_t>& entries) {
  ThreadPool pool(1);
  const CatalogBuilder builder(CatalogTables::in_folder("testdata/sample"), {.top = 400}, pool);
  SafetensorsWriter writer(folder.file("keys.bin"), kCatalogKind);
  builder.declare(writer);
  writer.declare("title_index.movies", DType::kI64, {static_cast<std::int64_t>(entries.size())});
  builder.write(writer);
  writer.write("title_index.movies", std::span<const std::int64_t>(entries));
  writer.commit();
  return folder.file("keys.bin");
}

TEST(NameKeys, StoredKeysGiveTheSameAnswers) {
  const MovieCatalog& bare = SampleMovies::get();
  ThreadPool pool(1);
  const TemporaryFolder folder;
  const MovieCatalog stored(with_entries(folder, movie_key_entries(bare, pool)));
  EXPECT_FALSE(stored_movie_keys(stored).empty());
  EXPECT_TRUE(stored_movie_keys(bare).empty());
  const TitleIndex a(bare), b(stored);
  for (MovieId movie = 0; movie < bare.size(); movie += 7) {
    const std::string title(bare.title(movie));
    for (const std::string& text : {title, title.substr(0, title.size() / 2), title + " 3"}) {
      EXPECT_EQ(a.find(text).movies, b.find(text).movies) << text;
      EXPECT_EQ(a.find(text).match, b.find(text).match) << text;
    }
  }
}

TEST(NameKeys, DamagedKeysAreAnErrorAndNeverAWrongMovie) {
  const MovieCatalog& bare = SampleMovies::get();
  ThreadPool pool(1);
  const auto good = movie_key_entries(bare, pool);
  const auto error = [&](std::vector<std::int64_t> entries) {
    const TemporaryFolder folder;
    const MovieCatalog catalog(with_entries(folder, entries));
    return error_of([&] { const TitleIndex index(catalog); });
  };
  auto wrong = good;
  std::reverse(wrong.begin(), wrong.end());
  EXPECT_NE(error(wrong).find("title_index.movies"), std::string::npos);
  wrong = good;
  wrong.front() = -1;
  EXPECT_NE(error(wrong), "");
  wrong = good;
  wrong.front() = wrong.front() | 0xffffffff;
  EXPECT_NE(error(wrong), "");
  // Rows of other movies: what they are looked up for is compared with their titles.
  wrong = good;
  for (std::int64_t& entry : wrong) entry = (entry >> 32 << 32) | 5;
  const TemporaryFolder folder;
  const MovieCatalog catalog(with_entries(folder, wrong));
  const TitleIndex index(catalog);
  EXPECT_NE(index.find(std::string(bare.title(0))).match, TitleMatch::kExact);
}

TEST(NameScan, AgreesWithALookAtEveryName) {
  const MovieCatalog& catalog = SampleMovies::get();
  ThreadPool pool(2);
  std::vector<std::string> names;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) names.push_back(title_key(catalog.title(movie)));
  const NameScan scan(
      catalog.size(), [&](std::int32_t row, const NameScan::Add& add) { add(names[static_cast<std::size_t>(row)]); },
      pool);
  for (const char* word : {"story", "of", "2", "hard"}) {
    std::vector<std::int32_t> expected, found;
    for (std::int32_t row = 0; row < catalog.size(); ++row) {
      if ((" " + names[static_cast<std::size_t>(row)] + " ").find(std::string(" ") + word + " ") != std::string::npos)
        expected.push_back(row);
    }
    for (const auto& each : scan.with_words({word}, pool)) found.push_back(each.row);
    EXPECT_EQ(found, expected) << word;
  }
  const auto within = scan.containing("stroy", 2, pool);
  EXPECT_TRUE(std::any_of(within.begin(), within.end(), [&](const auto& near) {
    return names[static_cast<std::size_t>(near.row)].find("story") != std::string::npos;
  }));
  EXPECT_EQ(numbers_of("2001 space 7"), "2001 7");
  EXPECT_EQ(numbers_of("x2 men"), "2");
  EXPECT_TRUE(has_phrase("toy story 2", "story 2"));
  EXPECT_FALSE(has_phrase("toy storys", "story"));
  EXPECT_TRUE(has_phrase("toy storys story", "story"));
}

TEST(GenreWords, EachGenreHasWordsAndAWordMeansAllOfItsGenres) {
  const MovieCatalog& catalog = SampleMovies::get();
  std::vector<GenreId> with_words;
  for (const GenrePhrase& phrase : genre_phrases()) {
    std::vector<GenreId> expected;
    for (const std::string_view name : phrase.genres) {
      if (const auto genre = catalog.genre_id(name)) expected.push_back(*genre);
    }
    if (expected.size() < phrase.genres.size()) expected.clear();
    EXPECT_EQ(genres_named(phrase.phrase, catalog).value_or(std::vector<GenreId>()), expected) << phrase.phrase;
    with_words.insert(with_words.end(), expected.begin(), expected.end());
  }
  for (GenreId genre = 0; genre < static_cast<GenreId>(catalog.genres().size()); ++genre)
    EXPECT_NE(std::find(with_words.begin(), with_words.end(), genre), with_words.end()) << genre;
}

}  // namespace
}  // namespace matinee
