#include "lib/chat/viewing_import.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "tests/chat/scripted_chat.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::small_system;

const MovieCatalog& catalog() { return small_system().catalog; }

class ViewingImportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Movies whose title and year belong to them alone.
    for (MovieId movie = 0; movies.size() < 6; ++movie) {
      const std::string title(catalog().title(movie));
      if (titles().find(title, catalog().year(movie)).movies.size() == 1 && title.find_first_of(",\"") == title.npos)
        movies.push_back(movie);
    }
  }
  static const TitleIndex& titles() {
    static const TitleIndex index(catalog());
    return index;
  }

  ImportReport import(const std::string& text, const std::string& name = "export.csv") {
    make_folders(folder_of(folder.file(name)));
    write_file(folder.file(name), text);
    notes.clear();
    ViewingHistory history = read();
    return import_viewings(folder.file(name), catalog(), titles(), history,
                           [&](std::string_view note) { notes.emplace_back(note); });
  }
  ViewingHistory read() const {
    return ViewingHistory(folder.file("memory.jsonl"), catalog(), [](std::string_view) {});
  }
  Verdict verdict(MovieId movie) const {
    const ViewingHistory history = read();
    const ViewingEntry* entry = history.find(catalog().tconst(movie));
    return entry == nullptr ? Verdict::kNone : entry->verdict;
  }
  // "Heat,1995"
  static std::string name(MovieId movie) {
    return std::string(catalog().title(movie)) + "," + std::to_string(catalog().year(movie));
  }
  static std::string letterboxd(MovieId movie, const std::string& rating, const std::string& date = "2021-05-06") {
    return date + "," + name(movie) + ",https://boxd.it/x," + rating + "\r\n";
  }
  static std::string imdb(const std::string& tconst, const std::string& rating, const std::string& title,
                          const std::string& year, const std::string& type = "Movie") {
    return tconst + "," + rating + ",2022-01-02,\"" + title + "\",\"" + title + "\",https://www.imdb.com/title/" +
           tconst + "/," + type + ",8.3,170," + year + ",\"Action, Crime, Drama\",700000,1995-12-15,\"Michael Mann\"\n";
  }

  testing::TemporaryFolder folder;
  std::vector<MovieId> movies;
  std::vector<std::string> notes;
  const std::string ratings = "Date,Name,Year,Letterboxd URI,Rating\r\n";
  const std::string films = "Date,Name,Year,Letterboxd URI\r\n";
  const std::string imdb_ratings =
      "Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres,"
      "Num Votes,Release Date,Directors\n";
};

TEST_F(ViewingImportTest, LetterboxdRatings) {
  const ImportReport report = import("\xEF\xBB\xBF" + ratings + letterboxd(movies[0], "3.5") +
                                     letterboxd(movies[1], "2") + letterboxd(movies[2], "3") +
                                     letterboxd(movies[3], "") + "2021-01-01,\"No, Such \"\"Film\"\"\",1999,x,5\r\n");
  EXPECT_EQ(report.service, "Letterboxd");
  EXPECT_EQ(report.rows, 5);
  EXPECT_EQ(report.matched, 4);
  EXPECT_EQ(report.unmatched, 1);
  EXPECT_EQ(report.missing, (std::vector<std::string>{"No, Such \"Film\" (1999)"}));
  EXPECT_EQ(report.written, 4);
  EXPECT_EQ(verdict(movies[0]), Verdict::kLiked);
  EXPECT_EQ(verdict(movies[1]), Verdict::kDisliked);
  EXPECT_EQ(verdict(movies[2]), Verdict::kSeen);
  EXPECT_EQ(verdict(movies[3]), Verdict::kSeen);
  EXPECT_EQ(read().find(catalog().tconst(movies[0]))->date, "2021-05-06");
  EXPECT_TRUE(notes.empty());
}

TEST_F(ViewingImportTest, LetterboxdWatchedAndLikes) {
  const auto row = [&](MovieId movie) { return "2021-05-06," + name(movie) + ",https://boxd.it/x\n"; };
  import(films + row(movies[0]) + row(movies[1]), "watched.csv");
  EXPECT_EQ(verdict(movies[0]), Verdict::kSeen);
  EXPECT_EQ(import(films + row(movies[1]), "likes/films.csv").written, 1);
  EXPECT_EQ(verdict(movies[1]), Verdict::kLiked);
  EXPECT_EQ(import(films + row(movies[0]) + row(movies[1]), "watched.csv").written, 0)
      << "an import may be repeated, and seen does not replace an opinion";
  EXPECT_EQ(verdict(movies[1]), Verdict::kLiked);
  EXPECT_EQ(error_of([&] { import(films + row(movies[2]), "watchlist.csv"); }),
            folder.file("watchlist.csv") +
                ": a watchlist of Letterboxd holds movies that are not seen yet; import watched.csv, ratings.csv, "
                "diary.csv or likes/films.csv");
  EXPECT_EQ(verdict(movies[2]), Verdict::kNone);
}

TEST_F(ViewingImportTest, LetterboxdDiaryWithReviewsOfManyLines) {
  const std::string header = "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Review,Tags,Watched Date\n";
  const ImportReport report =
      import(header + "2021-05-06," + name(movies[0]) + ",x,1,,\"Line one,\nline \"\"two\"\"\",\"a, b\",2021-05-01\n" +
             "2023-05-06," + name(movies[0]) + ",x,5,Yes,,,2023-05-05\n" + "2022-05-06," + name(movies[0]) +
             ",x,2,Yes,,,2022-05-05\n");
  EXPECT_EQ(report.matched, 3);
  EXPECT_EQ(report.written, 1);
  EXPECT_EQ(verdict(movies[0]), Verdict::kLiked) << "the latest viewing counts";
  EXPECT_EQ(read().find(catalog().tconst(movies[0]))->date, "2023-05-05");
}

TEST_F(ViewingImportTest, AYearMayBeOffByOneButATitleMayNotBeOff) {
  const std::string title(catalog().title(movies[0]));
  const auto row = [&](const std::string& written, int off) {
    return "2021-01-01," + written + "," + std::to_string(catalog().year(movies[0]) + off) + ",x,4\n";
  };
  EXPECT_EQ(import(ratings + row(title, 1)).matched, 1);
  EXPECT_EQ(import(ratings + row(title, 3)).matched, 0);
  EXPECT_EQ(import(ratings + row(title + "x", 0)).matched, 0);
}

TEST_F(ViewingImportTest, ImdbRatings) {
  const std::string id(catalog().tconst(movies[0]));
  const ImportReport report =
      import(imdb_ratings + imdb(id, "9", "Any title", "1950") + imdb("tt0000001", "3", "No Such Film", "1951") +
             imdb("tt0000002", "8", "A Series", "2008", "TV Series"));
  EXPECT_EQ(report.service, "IMDb");
  EXPECT_EQ(report.matched, 1) << "the id decides, not the title";
  EXPECT_EQ(report.missing, (std::vector<std::string>{"No Such Film (1951)", "A Series (2008)"}));
  EXPECT_EQ(verdict(movies[0]), Verdict::kLiked);
}

TEST_F(ViewingImportTest, ImdbIdsOfAnotherCatalogAreFoundByTitleAndYear) {
  const std::string title(catalog().title(movies[0])), other(catalog().title(movies[1]));
  const auto year = [&](MovieId movie, int off = 0) { return std::to_string(catalog().year(movie) + off); };
  EXPECT_EQ(import(imdb_ratings + imdb("tt0000001", "4", title, year(movies[0]))).matched, 1);
  EXPECT_EQ(verdict(movies[0]), Verdict::kDisliked);
  EXPECT_EQ(import(imdb_ratings + imdb("tt0000002", "4", other, year(movies[1], 1))).matched, 0);
  EXPECT_EQ(import(imdb_ratings + imdb("tt0000002", "4", other, year(movies[1]), "TV Mini Series")).matched, 0);
}

TEST_F(ViewingImportTest, AnUnratedMovieOfImdbsWatchlistIsNotSeen) {
  const std::string header =
      "Position,Const,Created,Modified,Description,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,"
      "Genres,Num Votes,Release Date,Directors,Your Rating,Date Rated\n";
  const auto row = [&](MovieId movie, const char* rating) {
    return "1," + std::string(catalog().tconst(movie)) + ",2020-01-01,2020-01-01,,T,T,u,Movie,8,100,1990,Drama,1," +
           "1990-01-01,D," + rating + ",\n";
  };
  const ImportReport report = import(header + row(movies[0], "") + row(movies[1], "10"), "WATCHLIST.csv");
  EXPECT_EQ(report.unrated, 1);
  EXPECT_EQ(report.matched, 1);
  EXPECT_EQ(verdict(movies[0]), Verdict::kNone);
  EXPECT_EQ(verdict(movies[1]), Verdict::kLiked);
}

TEST_F(ViewingImportTest, AnOlderRatingDoesNotReplaceANewerVerdict) {
  ViewingHistory history = read();
  const ViewingEntry entry{std::string(catalog().tconst(movies[0])), "T", 1990, Verdict::kDisliked, "2022-01-01"};
  history.add({&entry, 1});
  EXPECT_EQ(import(ratings + letterboxd(movies[0], "5", "2021-12-31")).written, 0);
  EXPECT_EQ(import(ratings + letterboxd(movies[0], "5", "2022-01-02")).written, 1);
  EXPECT_EQ(verdict(movies[0]), Verdict::kLiked);
}

TEST_F(ViewingImportTest, DamagedRowsAreNamedAndLeftOut) {
  const ImportReport report = import(ratings + letterboxd(movies[0], "5.5") + "2020-01-01,Heat\n" +
                                     "2020-01-01,,1999,x,4\n" + letterboxd(movies[1], "4"));
  EXPECT_EQ(report.damaged, 3);
  EXPECT_EQ(report.matched, 1);
  const std::string path = folder.file("export.csv");
  EXPECT_EQ(notes, (std::vector<std::string>{
                       path + ":2: Rating: expected a number from 0.5 to 5, found \"5.5\"; this row is left out",
                       path + ":3: expected 5 fields, found 2; this row is left out",
                       path + ":4: expected a title, found none; this row is left out"}));
}

TEST_F(ViewingImportTest, FilesOfAnotherKindAreRefused) {
  EXPECT_NE(
      error_of([&] { import("tconst\taverageRating\n"); }).find("export.csv:1: expected the columns of an export"),
      std::string::npos);
  EXPECT_NE(error_of([&] { import(""); }), "");
  EXPECT_NE(error_of([&] { import("PK\x03\x04zip", "all.zip"); }).find("this is a zip archive; unpack it: unzip"),
            std::string::npos);
  EXPECT_EQ(error_of([&] { import(ratings + "2020-01-01,\"Heat,1995,x,4\n"); }),
            folder.file("export.csv") + ":2: the quote that begins a field here is never closed");
}

TEST_F(ViewingImportTest, TheReportCountsAndNames) {
  ImportReport report;
  report.service = "IMDb";
  report.rows = 10;
  report.matched = 2;
  report.unmatched = 7;
  report.unrated = report.written = 1;
  report.missing = {"A (1990)", "B"};
  EXPECT_EQ(report_text(report, "r.csv", "m.jsonl"),
            "r.csv: 10 rows of IMDb; 2 matched, 7 not in the catalog, 1 without a rating\n"
            "  not in the catalog: A (1990), B and 5 more\n"
            "  m.jsonl: 1 movie new or changed\n");
}

}  // namespace
}  // namespace matinee
