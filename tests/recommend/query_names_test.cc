#include "lib/recommend/query_names.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/temporary_folder.h"
#include "tests/vectors/sample_catalog.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::real_data;
using testing::SampleCatalog;

class QueryNamesTest : public ::testing::Test {
 protected:
  const SampleCatalog& sample = SampleCatalog::shared();
  const MovieCatalog& catalog = *sample.catalog;
  ThreadPool pool{2};
  std::vector<std::string> notes;
  QueryNames names{catalog, pool, [&](std::string_view note) { notes.emplace_back(note); }};

  std::string movie(std::string_view text) const { return std::string(catalog.display_name(names.movie(text))); }
  std::string person(std::string_view text) const { return std::string(catalog.person_name(names.person(text))); }
};

TEST_F(QueryNamesTest, IdsAndAddresses) {
  const std::string heat(catalog.tconst(sample.movie("Heat (1995)")));
  std::string upper = heat;
  upper[0] = upper[1] = 'T';
  for (const std::string& text : {heat, upper, "  " + heat + "\t", "http://imdb.com/title/" + heat,
                                  "https://m.imdb.com/de/title/" + heat + "/?ref_=x", "Heat (1995) [" + heat + "]"}) {
    EXPECT_EQ(movie(text), "Heat (1995)") << text;
  }
  EXPECT_EQ(error_of([&] { names.movie("tt1"); }),
            "the catalog has no tt0000001; it may be of another type or have too few votes");
  EXPECT_EQ(error_of([&] { names.movie("nm0000199"); }), "nm0000199 is a person; write {\"people\":[\"nm0000199\"]}");
  EXPECT_NE(error_of([&] { names.movie("https://www.imdb.com/name/nm0000199/"); }).find("address of a title"),
            std::string::npos);
  EXPECT_TRUE(notes.empty());
}

TEST_F(QueryNamesTest, PartsOfASeriesByTheirNumber) {
  EXPECT_EQ(movie("toy story 2"), "Toy Story 2 (1999)");
  EXPECT_TRUE(notes.empty());  // a title
  EXPECT_EQ(movie("toy story 1"), "Toy Story (1995)");
  EXPECT_EQ(notes.back(), "\"toy story 1\" taken for Toy Story (1995), number 1 of its series by year");
  EXPECT_NE(error_of([&] { names.movie("toy story 9"); }), "");
}

TEST_F(QueryNamesTest, PeopleByNameAndWhatIsNear) {
  EXPECT_EQ(person("tom hanks"), "Tom Hanks");
  EXPECT_EQ(person("TOM HANKS "), "Tom Hanks");
  EXPECT_TRUE(notes.empty());
  EXPECT_EQ(person("tom hnaks"), "Tom Hanks");
  EXPECT_EQ(notes.back(), "\"tom hnaks\" taken for Tom Hanks");
  EXPECT_EQ(person("tarantino"), "Quentin Tarantino");
  EXPECT_EQ(person(catalog.nconst(sample.person("Tom Hanks"))), "Tom Hanks");
  EXPECT_NE(error_of([&] { names.person("xqzvkw"); }), "");
  EXPECT_EQ(error_of([&] { names.movie("tom hanks"); }),
            "no movie \"tom hanks\"; it is the name of a person: write {\"people\":[\"tom hanks\"]}");
}

TEST_F(QueryNamesTest, GenresByUsualWords) {
  const auto names_of = [&](std::string_view text) {
    std::string all;
    for (const GenreId genre : names.genres(text)) all += catalog.genres()[static_cast<std::size_t>(genre)] + " ";
    return all;
  };
  for (const char* text : {"Sci-Fi", "sci-fi", "scifi", "SCIENCE FICTION", " sf "})
    EXPECT_EQ(names_of(text), "Sci-Fi ");
  EXPECT_EQ(names_of("comedies"), "Comedy ");
  EXPECT_EQ(names_of("rom-com"), "Romance Comedy ");
  EXPECT_TRUE(error_of([&] { names.genres("commedy"); }).starts_with("no genre \"commedy\"; is \"Comedy\" meant? "));
  EXPECT_TRUE(error_of([&] { names.genres("Opera"); }).starts_with("no genre \"Opera\"; the catalog has Action, "));
}

struct TypedQuery {
  std::string text, title;
  std::int32_t year;
};

std::vector<TypedQuery> typed_queries() {
  std::ifstream file("tests/recommend/data/queries.tsv");
  std::vector<TypedQuery> queries;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    TypedQuery query;
    std::getline(fields, query.text, '\t');
    std::getline(fields, query.title, '\t');
    fields >> query.year;
    queries.push_back(query);
  }
  return queries;
}

// Of the queries whose movie the catalog has, how many find it; the others are printed.
std::pair<int, int> found_of(const MovieCatalog& catalog) {
  ThreadPool pool(2);
  const QueryNames names(catalog, pool, [](std::string_view) {});
  int found = 0, all = 0;
  for (const TypedQuery& query : typed_queries()) {
    const auto wanted = [&](MovieId movie) {
      return catalog.title(movie) == query.title && catalog.year(movie) == query.year;
    };
    MovieId movie = 0;
    while (movie < catalog.size() && !wanted(movie)) ++movie;
    if (movie == catalog.size()) continue;
    ++all;
    MovieId taken = -1;
    const std::string error = error_of([&] { taken = names.movie(query.text); });
    if (taken >= 0 && wanted(taken)) {
      ++found;
    } else {
      printf("  %s: %s\n", query.text.c_str(),
             taken < 0 ? error.c_str() : std::string(catalog.display_name(taken)).c_str());
    }
  }
  return {found, all};
}

TEST(TypedQueries, NameTheirMoviesOfTheSample) {
  const auto [found, all] = found_of(*SampleCatalog::shared().catalog);
  EXPECT_GE(all, 150);
  EXPECT_GE(found, all * 94 / 100) << "of " << all;  // its votes are made up, so other parts of a series are taken
}

TEST(TypedQueries, NameTheirMoviesOfRealTables) {
  const std::string tables = real_data("imdb-real");
  if (tables.empty()) GTEST_SKIP() << "no imdb-real in REAL_DATA";
  const testing::TemporaryFolder folder;
  ThreadPool pool(2);
  CatalogBuilder(CatalogTables::in_folder(tables), {}, pool).save(folder.file("movies.bin"));
  const MovieCatalog catalog(folder.file("movies.bin"));
  const auto [found, all] = found_of(catalog);
  EXPECT_GE(all, 300);
  EXPECT_GE(found, all * 98 / 100) << "of " << all;
}

}  // namespace
}  // namespace matinee
