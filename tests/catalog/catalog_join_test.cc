// The join of random tables against one that is written down plainly, and what a folder of tables may look like.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <tuple>

#include "lib/base/file.h"
#include "lib/catalog/catalog_builder.h"
#include "lib/catalog/movie_catalog.h"
#include "lib/table/tsv_reader.h"
#include "tests/catalog/small_catalog.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::SmallTables;
using testing::TemporaryFolder;
using Row = std::vector<std::string>;

// Rows of a table, made at random: with duplicates, ids that are none, missing values and references to nothing.
class RandomTables {
 public:
  RandomTables(unsigned seed, int titles) : random_(seed), titles_(titles), people_(titles / 2 + 2) {
    for (int i = 0; i < titles; ++i) {
      basics.push_back({title_id(), any({"movie", "movie", "tvSeries", "short"}), name(i),
                        chance(0.2) ? "\\N" : name(i), chance(0.1) ? "1" : "0", year(), "\\N",
                        chance(0.2) ? "\\N" : number(40, 200),
                        any({"\\N", "Drama", "Comedy,Drama", "Horror", "Comedy,,War"})});
      if (chance(0.6)) ratings.push_back({title_id(), fmt::format("{}.{}", number(1, 9), number(0, 9)), number(0, 20)});
      if (chance(0.7)) crew.push_back({title_id(), list(), list()});
      const int count = static_cast<int>(random_() % 6);
      const std::string id = title_id();
      for (int p = 0; p < count; ++p) {
        principals.push_back({chance(0.9) ? id : title_id(), number(1, 9), person_id(),
                              any({"actor", "actress", "self", "director", "writer", "editor"}), "\\N", "\\N"});
      }
    }
    for (int i = 0; i < people_; ++i)
      names.push_back({person_id(), chance(0.1) ? "\\N" : fmt::format("Person {}", number(1, 40)),
                       chance(0.3) ? "\\N" : number(1900, 1990), "\\N", "\\N", "\\N"});
  }

  CatalogTables write(const TemporaryFolder& folder, bool with_crew, bool with_ratings) const {
    const auto put = [&](const char* file, const char* header, const std::vector<Row>& rows) {
      std::string text = std::string(header) + "\n";
      for (const Row& row : rows) text += fmt::format("{}\n", fmt::join(row, "\t"));
      testing::write_text(folder.file(file), text);
    };
    put("title.basics.tsv",
        "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres", basics);
    if (with_ratings) put("title.ratings.tsv", "tconst\taverageRating\tnumVotes", ratings);
    if (with_crew) put("title.crew.tsv", "tconst\tdirectors\twriters", crew);
    put("title.principals.tsv", "tconst\tordering\tnconst\tcategory\tjob\tcharacters", principals);
    put("name.basics.tsv", "nconst\tprimaryName\tbirthYear\tdeathYear\tprimaryProfession\tknownForTitles", names);
    return CatalogTables::in_folder(folder.path());
  }

  std::vector<Row> basics, ratings, crew, principals, names;

 private:
  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
  std::string number(int low, int high) { return std::to_string(std::uniform_int_distribution<>(low, high)(random_)); }
  std::string any(const std::vector<std::string>& of) { return of[random_() % of.size()]; }
  std::string title_id() {
    if (chance(0.02)) return any({"x", "tt", "\\N", "tt12x"});
    return fmt::format(
        "tt{:07}", std::uniform_int_distribution<>(999'000, 999'000 + titles_ * 3)(random_) * (chance(0.1) ? 10 : 1));
  }
  std::string person_id() { return fmt::format("nm{:07}", std::uniform_int_distribution<>(1, people_)(random_)); }
  std::string name(int i) { return chance(0.05) ? "\\N" : fmt::format("Title {}", i % 50); }
  std::string year() { return chance(0.1) ? "\\N" : number(1950, 1960); }
  std::string list() {
    std::string text;
    for (int i = static_cast<int>(random_() % 4); i > 0; --i) text += (text.empty() ? "" : ",") + person_id();
    return text.empty() ? "\\N" : text;
  }

  std::mt19937 random_;
  int titles_, people_;
};

// ---- The plain join -------------------------------------------------------------------------------------------------

bool is_id(const std::string& text, const char* prefix) {
  return text.size() > 2 && text.starts_with(prefix) && text.find_first_not_of("0123456789", 2) == text.npos;
}

std::int32_t value_of(const std::string& text) {
  return text == "\\N" ? kUnknown : static_cast<std::int32_t>(std::lround(std::stod(text)));
}

struct PlainMovie {
  std::string tconst, title, original;
  std::int32_t votes = kUnknown, year = kUnknown, runtime = kUnknown, rating = kUnknown;
  std::vector<std::string> genres{}, cast{}, directors{}, writers{};
  friend bool operator==(const PlainMovie&, const PlainMovie&) = default;
};

std::vector<std::string> parts(const std::string& list) {
  std::vector<std::string> all;
  std::string part;
  if (list == "\\N") return all;
  for (const char c : list + ",") {
    if (c != ',') {
      part += c;
    } else {
      if (!part.empty()) all.push_back(part);
      part.clear();
    }
  }
  return all;
}

std::vector<std::string> named_once(const std::vector<std::string>& people, const std::set<std::string>& named,
                                    std::size_t limit) {
  std::vector<std::string> once;
  for (const std::string& person : people) {
    if (std::find(once.begin(), once.end(), person) == once.end()) once.push_back(person);
  }
  once.resize(std::min(once.size(), limit));
  std::erase_if(once, [&](const std::string& person) { return !named.contains(person); });
  return once;
}

std::vector<PlainMovie> plain_join(const RandomTables& tables, const CatalogOptions& options, bool with_crew,
                                   bool with_ratings) {
  std::map<std::string, const Row*> rating_of;
  for (const Row& row : tables.ratings) {
    if (with_ratings && is_id(row[0], "tt")) rating_of.emplace(row[0], &row);
  }
  std::set<std::string> seen, named;
  std::vector<PlainMovie> movies;
  for (const Row& row : tables.basics) {
    if (!is_id(row[0], "tt") || !seen.insert(row[0]).second) continue;
    if (std::find(options.types.begin(), options.types.end(), row[1]) == options.types.end()) continue;
    if ((row[4] == "1" && !options.adult) || row[2] == "\\N") continue;
    PlainMovie movie{row[0], row[2], row[3] == "\\N" ? row[2] : row[3]};
    movie.year = value_of(row[5]);
    movie.runtime = value_of(row[7]);
    movie.genres = parts(row[8]);
    if (const auto rating = rating_of.find(row[0]); rating != rating_of.end()) {
      movie.rating = static_cast<std::int32_t>(std::lround(std::stod((*rating->second)[1]) * 10));
      movie.votes = value_of((*rating->second)[2]);
    }
    movies.push_back(movie);
  }
  std::sort(movies.begin(), movies.end(), [](const PlainMovie& a, const PlainMovie& b) {
    return std::tuple(-a.votes, -a.year, a.tconst) < std::tuple(-b.votes, -b.year, b.tconst);
  });
  movies.resize(std::min(movies.size(), static_cast<std::size_t>(options.top)));
  for (const Row& row : tables.names) {
    if (row[1] != "\\N") named.insert(row[0]);
  }
  for (PlainMovie& movie : movies) {
    std::vector<std::pair<int, std::string>> cast, directors, writers;
    for (const Row& row : tables.principals) {
      if (row[0] != movie.tconst) continue;
      const std::pair credit(std::stoi(row[1]), row[2]);
      if (row[3] == "director" && !with_crew) directors.push_back(credit);
      if (row[3] == "writer" && !with_crew) writers.push_back(credit);
      if (row[3] == "actor" || row[3] == "actress" || row[3] == "self") cast.push_back(credit);
    }
    for (const Row& row : tables.crew) {
      if (row[0] != movie.tconst || !with_crew) continue;
      for (const std::string& person : parts(row[1])) directors.emplace_back(0, person);
      for (const std::string& person : parts(row[2])) writers.emplace_back(0, person);
    }
    const auto people = [&](auto& credits, std::size_t limit) {
      std::stable_sort(credits.begin(), credits.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      std::vector<std::string> list;
      for (const auto& [order, person] : credits) list.push_back(person);
      return named_once(list, named, limit);
    };
    movie.cast = people(cast, static_cast<std::size_t>(options.cast_size));
    movie.directors = people(directors, 1000);
    movie.writers = people(writers, 1000);
  }
  return movies;
}

std::vector<PlainMovie> movies_of(const MovieCatalog& catalog) {
  std::vector<PlainMovie> movies;
  const auto people = [&](std::span<const std::int32_t> ids) {
    std::vector<std::string> list;
    for (const PersonId person : ids) list.emplace_back(catalog.nconst(person));
    return list;
  };
  for (MovieId m = 0; m < catalog.size(); ++m) {
    PlainMovie movie{std::string(catalog.tconst(m)),
                     std::string(catalog.title(m)),
                     std::string(catalog.original_title(m)),
                     catalog.votes(m),
                     catalog.year(m),
                     catalog.runtime(m),
                     catalog.rating_tenths(m)};
    for (const GenreId genre : catalog.genres_of(m))
      movie.genres.push_back(catalog.genres()[static_cast<std::size_t>(genre)]);
    movie.cast = people(catalog.cast(m));
    movie.directors = people(catalog.directors(m));
    movie.writers = people(catalog.writers(m));
    movies.push_back(movie);
  }
  return movies;
}

TEST(CatalogJoin, EqualsAPlainJoin) {
  ThreadPool pool(3);
  std::size_t credits = 0;
  for (unsigned seed = 1; seed <= 24; ++seed) {
    SCOPED_TRACE(seed);
    const RandomTables tables(seed, 20 + static_cast<int>(seed) * 17);
    CatalogOptions options{.top = seed % 3 == 0 ? 15 : 10000, .cast_size = seed % 4, .adult = seed % 5 == 0};
    if (seed % 2 == 0) options.types = {"movie", "tvSeries"};
    const bool with_crew = seed % 3 != 1, with_ratings = seed % 7 != 1;
    const TemporaryFolder folder;
    CatalogBuilder(tables.write(folder, with_crew, with_ratings), options, pool).save(folder.file("movies.bin"));
    const auto found = movies_of(MovieCatalog(folder.file("movies.bin")));
    const auto expected = plain_join(tables, options, with_crew, with_ratings);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_TRUE(found[i] == expected[i]) << expected[i].tconst;
      credits += found[i].cast.size() + found[i].directors.size() + found[i].writers.size();
    }
  }
  EXPECT_GT(credits, 500u);
}

TEST(CatalogJoin, ThreadsAndTheOrderOfRowsDoNotMatter) {
  // More rows than a block has.
  RandomTables tables(5, 90'000);
  const TemporaryFolder folder;
  const CatalogTables paths = tables.write(folder, true, true);
  std::vector<std::string> reports;
  for (const int threads : {1, 4}) {
    ThreadPool pool(threads);
    const CatalogBuilder builder(paths, {.top = 2000}, pool);
    builder.save(folder.file(fmt::format("{}.bin", threads)));
    reports.push_back(builder.report().describe());
  }
  EXPECT_EQ(reports[0], reports[1]);
  EXPECT_TRUE(read_file(folder.file("1.bin")) == read_file(folder.file("4.bin")));
  // Without duplicates, the order of the rows decides nothing.
  std::set<std::string> seen;
  for (auto* rows : {&tables.basics, &tables.ratings, &tables.crew, &tables.names}) {
    seen.clear();
    std::erase_if(*rows, [&](const Row& row) { return !seen.insert(row[0]).second; });
  }
  for (std::size_t i = 0; i < tables.principals.size(); ++i) tables.principals[i][1] = std::to_string(i);
  ThreadPool pool(2);
  CatalogBuilder(tables.write(folder, true, true), {.top = 2000}, pool).save(folder.file("a.bin"));
  std::mt19937 random(3);
  for (auto* rows : {&tables.basics, &tables.ratings, &tables.crew, &tables.principals, &tables.names})
    std::shuffle(rows->begin(), rows->end(), random);
  CatalogBuilder(tables.write(folder, true, true), {.top = 2000}, pool).save(folder.file("b.bin"));
  EXPECT_TRUE(read_file(folder.file("a.bin")) == read_file(folder.file("b.bin")));
}

// ---- What is missing, doubled or strange ----------------------------------------------------------------------------

TEST(CatalogJoin, OnlyTheTitlesAreNecessary) {
  const SmallTables tables;
  CatalogTables paths;
  paths.basics = tables.write().basics;
  ThreadPool pool(1);
  const CatalogBuilder builder(paths, {}, pool);
  EXPECT_EQ(builder.report().notes,
            (std::vector<std::string>{"no title.ratings: votes and ratings are unknown, newer titles first",
                                      "no name.basics: casts, directors and writers are unknown"}));
  builder.save(tables.folder.file("m.bin"));
  const MovieCatalog catalog(tables.folder.file("m.bin"));
  EXPECT_EQ(catalog.size(), 7);
  EXPECT_EQ(catalog.tconst(0), "tt3");  // of 2001
  EXPECT_EQ(catalog.people_count(), 0);
  EXPECT_TRUE(catalog.cast(0).empty());
  EXPECT_EQ(catalog.votes(0), kUnknown);
}

TEST(CatalogJoin, WithoutCrewDirectorsComeFromPrincipals) {
  const SmallTables tables;
  CatalogTables paths = tables.write();
  paths.crew.clear();
  ThreadPool pool(1);
  const CatalogBuilder builder(paths, {}, pool);
  EXPECT_EQ(builder.report().notes,
            std::vector<std::string>{"no title.crew: directors and writers come from title.principals"});
  builder.save(tables.folder.file("m.bin"));
  const MovieCatalog catalog(tables.folder.file("m.bin"));
  const auto directors = catalog.directors(*catalog.find_tconst("tt1"));
  ASSERT_EQ(directors.size(), 1u);
  EXPECT_EQ(catalog.nconst(directors[0]), "nm1");
}

TEST(CatalogJoin, LaterRatingsOfATitleAreCountedAndLeftOut) {
  SmallTables tables;
  tables.ratings += "tt1\t1.0\t9999999\n";
  ThreadPool pool(1);
  const CatalogBuilder builder(tables.write(), {}, pool);
  EXPECT_EQ(builder.report().ratings_twice, 1);
  EXPECT_NE(builder.report().describe().find("1 rating left out because its title is rated before"), std::string::npos);
  EXPECT_EQ(tables.catalog().votes(*tables.catalog().find_tconst("tt1")), 700);
}

TEST(CatalogJoin, TiesAreOrderedByTconst) {
  SmallTables tables;
  tables.basics =
      "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n";
  for (const char* id : {"tt1000001", "tt10000000", "tt0999999", "tt1000000"})
    tables.basics += fmt::format("{}\tmovie\tA\tA\t0\t1999\t\\N\t\\N\t\\N\n", id);
  const MovieCatalog catalog = tables.catalog();
  std::vector<std::string_view> order;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) order.push_back(catalog.tconst(movie));
  EXPECT_EQ(order, (std::vector<std::string_view>{"tt0999999", "tt1000000", "tt10000000", "tt1000001"}));
}

TEST(CatalogJoin, StrangeIdsAreCountedAndNamedOnce) {
  SmallTables tables;
  tables.basics += "0123456\tmovie\tX\tX\t0\t1999\t\\N\t80\tDrama\nttx\tmovie\tY\tY\t0\t1999\t\\N\t80\tDrama\n";
  ThreadPool pool(1);
  const CatalogBuilder builder(tables.write(), {}, pool);
  EXPECT_EQ(builder.size(), 7);
  EXPECT_NE(builder.report().describe().find(
                "2 rows left out because their id is not \"tt\" or \"nm\" and digits, the first: \"0123456\" in "
                "title.basics"),
            std::string::npos)
      << builder.report().describe();
  tables.ratings = "tconst\taverageRating\tnumVotes\n0113277\t8.3\t700\n";
  EXPECT_EQ(error_of([&] { CatalogBuilder(tables.write(), {}, pool); }),
            tables.folder.file("title.ratings.tsv") +
                ": no tconst can be used: expected \"tt\" and digits, the first is \"0113277\"");
}

TEST(CatalogJoin, TheMostFrequentGenresStay) {
  SmallTables tables;
  for (int i = 0; i < 40; ++i) {
    for (int copy = 0; copy < (i < 35 ? 2 : 1); ++copy)
      tables.basics +=
          fmt::format("tt{}\tmovie\tG{}\tG{}\t0\t1999\t\\N\t80\tGenre {:02}\n", 1000 + i * 2 + copy, i, i, i);
  }
  ThreadPool pool(1);
  const CatalogBuilder builder(tables.write(), {}, pool);
  EXPECT_NE(builder.report().describe().find("rare genres left out (a catalog has at most 32), the first: \"Genre 3"),
            std::string::npos)
      << builder.report().describe();
  const MovieCatalog catalog = tables.catalog();
  EXPECT_EQ(catalog.genres().size(), 32u);
  EXPECT_FALSE(catalog.genre_id("Genre 39"));
  EXPECT_TRUE(catalog.genre_id("Genre 00"));
  EXPECT_TRUE(catalog.genres_of(*catalog.find_tconst("tt1078")).empty());
}

TEST(CatalogJoin, OtherTitlesAreRankedAndBounded) {
  SmallTables tables;
  std::string akas = "titleId\tordering\ttitle\tregion\tlanguage\ttypes\tattributes\tisOriginalTitle\n";
  for (const char* row : {"Hit\tDE\t\\N\tworking\t\\N\t0", "Heet\tRU\t\\N\timdbDisplay\ttransliterated title\t0",
                          "The Heat\tXWW\ten\t\\N\tliteral English title\t0", "Vampiro\tIT\t\\N\talternative\t\\N\t0",
                          "Fuego contra fuego\tMX\t\\N\timdbDisplay\t\\N\t0", "HEAT\tDE\t\\N\timdbDisplay\t\\N\t0",
                          "Fuego Contra Fuego!\tAR\t\\N\timdbDisplay\t\\N\t0", "\\N\tFR\t\\N\timdbDisplay\t\\N\t0"})
    akas += fmt::format("tt1\t1\t{}\n", row);
  for (int i = 0; i < 100; ++i) akas += fmt::format("tt2\t1\tMatrix {}\tDE\t\\N\timdbDisplay\t\\N\t0\n", i);
  testing::write_text(tables.folder.file("title.akas.tsv"), akas);
  const MovieCatalog catalog = tables.catalog();
  EXPECT_EQ(catalog.other_titles(*catalog.find_tconst("tt1")),
            (std::vector<std::string_view>{"Fuego contra fuego", "Vampiro"}));
  EXPECT_EQ(catalog.other_titles(*catalog.find_tconst("tt2")).size(), 64u);
}

// ---- Folders --------------------------------------------------------------------------------------------------------

void touch(const std::string& path, int seconds_ago) {
  std::filesystem::last_write_time(path,
                                   std::filesystem::file_time_type::clock::now() - std::chrono::seconds(seconds_ago));
}

TEST(CatalogJoin, TheNewerFileOfATableIsRead) {
  const SmallTables tables;
  const std::string tsv = tables.write().basics, table = tables.folder.file("title.basics.bin");
  ThreadPool pool(1);
  tsv_to_table(tsv, table, {}, pool);
  touch(tsv, 100);
  touch(table, 50);
  EXPECT_EQ(CatalogTables::in_folder(tables.folder.path()).basics, table);
  EXPECT_TRUE(CatalogTables::in_folder(tables.folder.path()).notes.empty());
  touch(tsv, 10);
  const CatalogTables newer = CatalogTables::in_folder(tables.folder.path());
  EXPECT_EQ(newer.basics, tsv);
  EXPECT_EQ(newer.notes,
            std::vector<std::string>{
                table + " is older than title.basics.tsv, which is read in its place; tsv2bin makes it anew"});
}

TEST(CatalogJoin, TablesUnderOtherNamesAreRecognized) {
  const SmallTables tables;
  const CatalogTables paths = tables.write();
  const TemporaryFolder folder;
  std::filesystem::copy(paths.basics, folder.file("films.txt"));
  std::filesystem::copy(paths.ratings, folder.file("truncated_title.ratings.tsv"));
  testing::write_text(folder.file("README.md"), "Two tables.\n");
  const CatalogTables found = CatalogTables::in_folder(folder.path());
  EXPECT_EQ(found.basics, folder.file("films.txt"));
  EXPECT_EQ(found.ratings, folder.file("truncated_title.ratings.tsv"));
  EXPECT_EQ(found.notes.front(), folder.file("films.txt") + " is read as title.basics, by its header");
  std::filesystem::copy(paths.basics, folder.file("more.tsv"));
  EXPECT_EQ(error_of([&] { CatalogTables::in_folder(folder.path()); }),
            folder.path() +
                ": both films.txt and more.tsv are title.basics; name the right one as title.basics.tsv, or "
                "with --basics");
}

}  // namespace
}  // namespace matinee
