#include "lib/catalog/movie_catalog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "lib/base/file.h"
#include "lib/catalog/artifact_text.h"
#include "lib/catalog/catalog_builder.h"
#include "lib/catalog/mention_finder.h"
#include "lib/catalog/title_index.h"
#include "lib/io/text_reader.h"
#include "lib/table/tsv_reader.h"
#include "tests/catalog/small_catalog.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::SampleMovies;
using testing::SmallTables;

std::vector<std::string> names(const MovieCatalog& catalog, std::span<const std::int32_t> people) {
  std::vector<std::string> all;
  for (const PersonId person : people) all.emplace_back(catalog.person_display_name(person));
  return all;
}

TEST(MovieCatalog, MoviesAreFoundByOtherTitles) {
  SmallTables tables;
  testing::write_text(tables.folder.file("title.akas.tsv"),
                      "titleId\tordering\ttitle\tregion\tlanguage\ttypes\tattributes\tisOriginalTitle\n"
                      "tt3\t1\tDie fabelhafte Welt der Amélie\tDE\t\\N\timdbDisplay\t\\N\t0\n"
                      "tt3\t2\tAmelie\tUS\t\\N\timdbDisplay\t\\N\t0\n"
                      "tt3\t3\tDie Fabelhafte Welt der Amelie\tAT\t\\N\timdbDisplay\t\\N\t0\n"
                      "tt5\t1\tGood Evening\tXX\t\\N\talternative\t\\N\t0\n"
                      "tt99\t1\tNiemand\tDE\t\\N\timdbDisplay\t\\N\t0\n");
  const MovieCatalog catalog = tables.catalog();
  const MovieId amelie = *catalog.find_tconst("tt3");
  const MentionFinder finder(catalog);
  const auto found = finder.find("kennst du die fabelhafte welt der amelie");
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].id, amelie);
  EXPECT_TRUE(finder.find("good evening to you").empty());  // everyday words
  EXPECT_EQ(TitleIndex(catalog).find("die fabelhafte welt der amélie").movies, std::vector<MovieId>{amelie});
}

TEST(MovieCatalog, MostVotesFirstThenTheLater) {
  const SmallTables tables;
  const MovieCatalog catalog = tables.catalog();
  std::vector<std::string> order;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) order.emplace_back(catalog.tconst(movie));
  EXPECT_EQ(order, (std::vector<std::string>{"tt2", "tt3", "tt1", "tt5", "tt6", "tt7", "tt8"}));
}

TEST(MovieCatalog, HoldsTheFactsOfTheTables) {
  const SmallTables tables;
  const MovieCatalog catalog = tables.catalog();
  const MovieId heat = catalog.find_tconst("tt1").value(), bare = catalog.find_tconst("tt8").value();
  EXPECT_EQ(catalog.year(heat), 1995);
  EXPECT_EQ(catalog.runtime(heat), 170);
  EXPECT_EQ(catalog.votes(heat), 700);
  EXPECT_EQ(catalog.rating_tenths(heat), 83);
  EXPECT_EQ(catalog.genres_of(heat).size(), 3u);
  EXPECT_EQ(catalog.genre_mask(heat),
            1u << *catalog.genre_id("Action") | 1u << *catalog.genre_id("Crime") | 1u << *catalog.genre_id("Drama"));
  // In billing order, each person once; directors are not cast.
  EXPECT_EQ(names(catalog, catalog.cast(heat)), (std::vector<std::string>{"Al Pacino", "Robert De Niro"}));
  EXPECT_EQ(names(catalog, catalog.directors(heat)), (std::vector<std::string>{"Michael Mann (1943)"}));
  for (const auto value : {catalog.year(bare), catalog.runtime(bare), catalog.votes(bare), catalog.rating_tenths(bare)})
    EXPECT_EQ(value, kUnknown);
  EXPECT_TRUE(catalog.genres_of(bare).empty());
  EXPECT_EQ(catalog.original_title(catalog.find_tconst("tt3").value()), "Le fabuleux destin d'Amélie Poulain");
  EXPECT_FALSE(catalog.find_tconst("tt4"));  // a short
  EXPECT_FALSE(catalog.find_nconst("nm11"));
  EXPECT_FALSE(catalog.genre_id("Short"));
}

TEST(MovieCatalog, NamesakesAreDisambiguated) {
  const SmallTables tables;
  const MovieCatalog catalog = tables.catalog();
  const auto shown = [&](const char* nconst) { return catalog.person_display_name(*catalog.find_nconst(nconst)); };
  EXPECT_EQ(shown("nm1"), "Michael Mann (1943)");
  EXPECT_EQ(shown("nm9"), "Michael Mann (1951)");
  EXPECT_EQ(shown("nm8"), "Michael Mann [nm8]");
  EXPECT_EQ(shown("nm5"), "Al Pacino");
  EXPECT_EQ(catalog.display_name(*catalog.find_tconst("tt1")), "Heat (1995)");
  EXPECT_EQ(catalog.display_name(*catalog.find_tconst("tt5")), "Twins (1988) [tt5]");
  EXPECT_EQ(catalog.display_name(*catalog.find_tconst("tt6")), "Twins (1988) [tt6]");
  EXPECT_EQ(catalog.display_name(*catalog.find_tconst("tt8")), "Tomorrow");
}

TEST(MovieCatalog, RowsThatDoNotJoinAreCounted) {
  const SmallTables tables;
  ThreadPool pool(1);
  const CatalogBuilder builder(tables.write(), {}, pool);
  const CatalogReport& report = builder.report();
  EXPECT_EQ(report.titles_read, 8);
  EXPECT_EQ(report.titles_of_type, 7);
  EXPECT_EQ(report.kept, 7);
  EXPECT_EQ(report.without_rating, 1);
  EXPECT_EQ(report.without_cast, 4);  // the only actor of one is missing in name.basics
  EXPECT_EQ(report.without_crew, 3);
  EXPECT_EQ(report.dangling_people, 1);
  EXPECT_EQ(report.ratings_without_title, 1);
  EXPECT_EQ(report.crew_without_title, 1);
  EXPECT_NE(report.describe().find("1 reference to a person that name.basics lacks"), std::string::npos);
}

TEST(MovieCatalog, OptionsChooseTypeNumberAndCast) {
  const SmallTables tables;
  EXPECT_EQ(tables.catalog({.top = 2}).size(), 2);
  EXPECT_EQ(tables.catalog({.types = {"short"}}).tconst(0), "tt4");
  const MovieCatalog one = tables.catalog({.cast_size = 1});
  EXPECT_EQ(names(one, one.cast(*one.find_tconst("tt1"))), (std::vector<std::string>{"Al Pacino"}));
  EXPECT_NE(error_of([&] { tables.catalog({.types = {"opera"}}); }).find("no title of the type \"opera\""),
            std::string::npos);
}

TEST(MovieCatalog, BadTablesAreNamed) {
  const SmallTables swapped;
  CatalogTables paths = swapped.write();
  std::swap(paths.crew, paths.ratings);
  ThreadPool pool(1);
  EXPECT_NE(
      error_of([&] { CatalogBuilder(paths, {}, pool); }).find("expected the table title.ratings, found title.crew"),
      std::string::npos);
  const testing::TemporaryFolder empty;
  EXPECT_EQ(error_of([&] { CatalogTables::in_folder(empty.path()); }),
            empty.path() +
                ": expected title.basics.bin, title.basics.tsv or title.basics.tsv.gz in this folder, "
                "found none");
}

TEST(MovieCatalog, TheFirstRowOfATitleCounts) {
  SmallTables tables;
  tables.basics += "tt1\tmovie\tHot\tHot\t0\t1996\t\\N\t170\tDrama\n";
  EXPECT_EQ(tables.catalog().title(*tables.catalog().find_tconst("tt1")), "Heat");
  ThreadPool pool(1);
  const CatalogBuilder builder(tables.write(), {}, pool);
  EXPECT_EQ(builder.report().twice, 1);
  EXPECT_EQ(builder.report().kept, 7);
}

TEST(MovieCatalog, SeveralTypes) {
  const SmallTables tables;
  EXPECT_EQ(tables.catalog({.types = {"movie", "short"}}).size(), 8);
  EXPECT_NE(error_of([&] {
              tables.catalog({.types = {"opera", "play"}});
            })
                .find("no title of the type \"opera\" or "
                      "\"play\""),
            std::string::npos);
}

TEST(MovieCatalog, AFolderNamedAsATableHoldsIt) {
  const testing::TemporaryFolder folder;
  for (const char* name : {"title.ratings", "title.crew", "title.principals", "name.basics"})
    write_file(folder.file(std::string(name) + ".tsv"), "x");
  const std::string inner = folder.file("title.basics.tsv");
  std::filesystem::create_directory(inner);
  EXPECT_EQ(error_of([&] { CatalogTables::in_folder(folder.path()); }),
            inner + ": expected a table or a folder with one in it, found a folder with 0 files");
  write_file(inner + "/data.tsv", "x");
  EXPECT_EQ(CatalogTables::in_folder(folder.path()).basics, inner + "/data.tsv");
}

TEST(MovieCatalog, AdultTitlesAreLeftOutUnlessAskedFor) {
  SmallTables tables;
  tables.basics += "tt9\tmovie\tNo Children\tNo Children\t1\t1999\t\\N\t80\tDrama\n";
  EXPECT_FALSE(tables.catalog().find_tconst("tt9"));
  EXPECT_TRUE(tables.catalog({.adult = true}).find_tconst("tt9"));
  ThreadPool pool(1);
  const CatalogBuilder builder(tables.write(), {}, pool);
  EXPECT_EQ(builder.report().adult, 1);
  EXPECT_NE(builder.report().describe().find("1 adult title left out"), std::string::npos);
}

TEST(MovieCatalog, NothingIsCalledNull) {
  SmallTables tables;
  tables.basics +=
      "tt9\tmovie\t\\N\t\\N\t0\t1999\t\\N\t80\tDrama\n"
      "tt10\tmovie\tNamed\t\\N\t0\t1999\t\\N\t80\tDrama\n";
  tables.principals += "tt10\t1\tnm12\tactor\t\\N\t\\N\n";
  tables.names += "nm12\t\\N\t1943\t\\N\tactor\ttt10\n";
  const MovieCatalog catalog = tables.catalog();
  EXPECT_FALSE(catalog.find_tconst("tt9"));
  const MovieId named = catalog.find_tconst("tt10").value();
  EXPECT_EQ(catalog.original_title(named), "Named");
  EXPECT_TRUE(catalog.cast(named).empty());
  EXPECT_FALSE(catalog.find_nconst("nm12"));
}

TEST(MovieCatalog, OtherTitlesAndCertificatesAreOptional) {
  const SmallTables tables;
  const MovieCatalog without = tables.catalog();
  EXPECT_TRUE(without.other_titles(0).empty());
  EXPECT_EQ(without.certificate(0), "");
  testing::write_text(tables.folder.file("title.akas.tsv"),
                      "titleId\tordering\ttitle\tregion\tlanguage\ttypes\tattributes\tisOriginalTitle\n"
                      "tt3\t1\tLe fabuleux destin d'Amélie Poulain\tFR\t\\N\t\\N\t\\N\t1\n"
                      "tt3\t2\tDie fabelhafte Welt der Amélie\tDE\t\\N\t\\N\t\\N\t0\n"
                      "tt3\t3\tDie fabelhafte Welt der Amélie\tAT\t\\N\t\\N\t\\N\t0\n"
                      "tt3\t4\tAmelie\tUS\t\\N\t\\N\t\\N\t0\ntt404\t1\tNowhere\tUS\t\\N\t\\N\t\\N\t0\n");
  testing::write_text(tables.folder.file("title.certificates.tsv"),
                      "tconst\tcertificate\ntt1\tR\ntt3\t\\N\ntt404\tG\n");
  const MovieCatalog with = tables.catalog();
  const MovieId amelie = with.find_tconst("tt3").value(), heat = with.find_tconst("tt1").value();
  // Neither those that are known up to accents nor one twice.
  EXPECT_EQ(with.other_titles(amelie), (std::vector<std::string_view>{"Die fabelhafte Welt der Amélie"}));
  EXPECT_TRUE(with.other_titles(heat).empty());
  EXPECT_EQ(with.certificate(heat), "R");
  EXPECT_EQ(with.certificate(amelie), "");
}

TEST(MovieCatalog, KeepGoingSkipsBadRowsAndReportsThem) {
  SmallTables tables;
  tables.basics +=
      "tt9\tmovie\tBroken\tBroken\t0\tlast year\t\\N\t80\tDrama\n"
      "tt10\tmovie\tBroken\n";
  EXPECT_NE(error_of([&] { tables.catalog(); }), "");
  ThreadPool pool(1);
  const CatalogBuilder builder(tables.write(), {.read = {.keep_going = true, .most_skipped_share = 1}}, pool);
  EXPECT_EQ(builder.size(), 7);
  EXPECT_EQ(builder.report().bad_rows, 2);
  EXPECT_NE(builder.report().describe().find("2 bad rows skipped, the first: "), std::string::npos);
  EXPECT_NE(builder.report().describe().find("found \"last year\""), std::string::npos);
  EXPECT_EQ(tables.catalog({.read = {.keep_going = true, .most_skipped_share = 1}}).title(2), "Heat");
  const std::string error = error_of([&] { tables.catalog({.read = {.keep_going = true}}); });
  EXPECT_NE(error.find("title.basics.tsv: 2 of "), std::string::npos) << error;
  EXPECT_NE(error.find("rows are bad, more than 1 %; the first: "), std::string::npos) << error;
}

TEST(MovieCatalog, ListsMayHaveStrayCommas) {
  SmallTables tables;
  tables.crew = "tconst\tdirectors\twriters\ntt1\tnm1,\t,nm1\n";
  tables.basics =
      "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n"
      "tt1\tmovie\tHeat\tHeat\t0\t1995\t\\N\t170\tCrime,,Action,\n";
  const MovieCatalog catalog = tables.catalog();
  EXPECT_EQ(catalog.genres(), (std::vector<std::string>{"Action", "Crime"}));
  EXPECT_EQ(catalog.directors(0).size(), 1u);
  EXPECT_EQ(catalog.writers(0).size(), 1u);
}

TEST(MovieCatalog, ATsvAndItsTableGiveTheSameCatalog) {
  const SmallTables tables;
  CatalogTables paths = tables.write();
  ThreadPool pool(1);
  CatalogBuilder(paths, {}, pool).save(tables.folder.file("a.bin"));
  for (std::string* path : {&paths.basics, &paths.ratings, &paths.crew, &paths.principals, &paths.names}) {
    const std::string table = path->substr(0, path->size() - 4) + ".bin";
    tsv_to_table(*path, table, {}, pool);
    *path = table;
  }
  CatalogBuilder(paths, {}, pool).save(tables.folder.file("b.bin"));
  EXPECT_TRUE(read_file(tables.folder.file("a.bin")) == read_file(tables.folder.file("b.bin")));
}

TEST(MovieCatalog, EveryNameFindsItsOwner) {
  const MovieCatalog& catalog = SampleMovies::get();
  ASSERT_EQ(catalog.size(), 400);
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    EXPECT_EQ(catalog.find_display_name(catalog.display_name(movie)), movie);
    EXPECT_EQ(catalog.find_tconst(catalog.tconst(movie)), movie);
    EXPECT_TRUE(movie == 0 || catalog.votes(movie) <= catalog.votes(movie - 1));
  }
  for (PersonId person = 0; person < catalog.people_count(); ++person) {
    EXPECT_EQ(catalog.find_person_display_name(catalog.person_display_name(person)), person);
    EXPECT_EQ(catalog.find_nconst(catalog.nconst(person)), person);
  }
  EXPECT_FALSE(catalog.find_display_name("No Such Movie (1900)"));
}

TEST(MovieCatalog, FilmographiesAreTheInverseOfCasts) {
  const MovieCatalog& catalog = SampleMovies::get();
  std::set<std::pair<PersonId, MovieId>> from_movies, from_people;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    for (const PersonId person : catalog.cast(movie)) from_movies.emplace(person, movie);
  }
  for (PersonId person = 0; person < catalog.people_count(); ++person) {
    const auto movies = catalog.acted_in(person);
    EXPECT_TRUE(std::is_sorted(movies.begin(), movies.end()));
    for (const MovieId movie : movies) EXPECT_TRUE(from_people.emplace(person, movie).second);
    for (const MovieId movie : catalog.directed(person)) {
      const auto directors = catalog.directors(movie);
      EXPECT_NE(std::find(directors.begin(), directors.end(), person), directors.end());
    }
  }
  EXPECT_GT(from_movies.size(), 1000u);
  EXPECT_EQ(from_movies, from_people);
}

TEST(MovieCatalog, OtherFilesAreRefused) {
  const SmallTables tables;
  ThreadPool pool(1);
  tsv_to_table(tables.write().ratings, tables.folder.file("t.bin"), {}, pool);
  EXPECT_NE(error_of([&] { MovieCatalog(tables.folder.file("t.bin")); }), "");
  tables.catalog();
  const std::string whole = read_file(tables.folder.file("movies.bin"));
  for (std::size_t size = 0; size < whole.size(); size += whole.size() / 37 + 1) {
    testing::write_text(tables.folder.file("cut.bin"), whole.substr(0, size));
    EXPECT_NE(error_of([&] { MovieCatalog(tables.folder.file("cut.bin")); }), "") << "cut at " << size;
  }
}

TEST(MovieCatalog, FlippedByteIsAnErrorOrAnotherValueNeverACrash) {
  const SmallTables tables;
  tables.catalog();
  const std::string whole = read_file(tables.folder.file("movies.bin"));
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x40);
    testing::write_text(tables.folder.file("flipped.bin"), flipped);
    const std::string error = error_of([&] {
      const MovieCatalog catalog(tables.folder.file("flipped.bin"));
      for (MovieId movie = 0; movie < catalog.size(); ++movie) {
        for (const PersonId person : catalog.cast(movie)) (void)catalog.person_name(person);
        for (const PersonId person : catalog.writers(movie)) (void)catalog.person_name(person);
      }
    });
    refused += error.empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 100);
}

// ---- Artifacts as text ------------------------------------------------------------------------------------------

std::string text_of(const SmallTables& tables, const std::string& file, ArtifactFormat format) {
  OutputFile out(tables.folder.file("text"));
  ThreadPool pool(2);
  write_artifact_text(tables.folder.file(file), format, out, pool);
  out.commit();
  return read_text(tables.folder.file("text"));
}

TEST(ArtifactText, TableIsPrintedAsItsTsv) {
  const SmallTables tables;
  ThreadPool pool(1);
  tsv_to_table(tables.write().names, tables.folder.file("n.bin"), {}, pool);
  EXPECT_EQ(text_of(tables, "n.bin", ArtifactFormat::kAuto), tables.names);
  EXPECT_EQ(text_of(tables, "n.bin", ArtifactFormat::kTsv), tables.names);
  const std::string json = text_of(tables, "n.bin", ArtifactFormat::kJsonLines);
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 11);
  EXPECT_NE(json.find("\"primaryName\":\"Al Pacino\""), std::string::npos);
}

TEST(ArtifactText, CatalogIsPrintedAsALinePerMovie) {
  const SmallTables tables;
  tables.catalog({.top = 3});
  const std::string json = text_of(tables, "movies.bin", ArtifactFormat::kAuto);
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 3);
  EXPECT_TRUE(json.starts_with("{")) << json;
  for (const char* part : {"\"tconst\":\"tt2\"", "\"primaryTitle\":\"Amélie\"", "\"numVotes\":700"})
    EXPECT_NE(json.find(part), std::string::npos) << part;
  const std::string tsv = text_of(tables, "movies.bin", ArtifactFormat::kTsv);
  EXPECT_EQ(std::count(tsv.begin(), tsv.end(), '\n'), 4);
}

TEST(ArtifactText, ListingNamesEveryTensor) {
  const SmallTables tables;
  const MovieCatalog catalog = tables.catalog();
  OutputFile out(tables.folder.file("text"));
  write_artifact_listing(catalog.path(), out);
  out.commit();
  const std::string listing = read_text(tables.folder.file("text"));
  EXPECT_NE(listing.find("# matinee.kind\tcatalogue\n"), std::string::npos);
  for (const TensorInfo& tensor : catalog.file().tensors())
    EXPECT_NE(listing.find("{\"tensor\":\"" + tensor.name + "\""), std::string::npos) << tensor.name;
}

}  // namespace
}  // namespace matinee
