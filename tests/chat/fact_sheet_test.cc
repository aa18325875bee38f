#include "lib/chat/fact_sheet.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "lib/catalog/catalog_builder.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

TEST(FactSheet, ReadsAsAPersonWouldWriteIt) {
  const testing::TemporaryFolder folder;
  write_file(folder.file("title.basics.tsv"),
             "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n"
             "tt0000001\tmovie\tOne\tOne\t0\t1994\t\\N\t116\tComedy,Sci-Fi\n"
             "tt0000002\tmovie\tTwo\tTwo\t0\t1995\t\\N\t120\tDrama\n"
             "tt0000003\tmovie\tThree\tThree\t0\t1996\t\\N\t45\tDrama\n"
             "tt0000004\tmovie\tFour\tFour\t0\t\\N\t\\N\t\\N\t\\N\n");
  write_file(folder.file("title.ratings.tsv"),
             "tconst\taverageRating\tnumVotes\n"
             "tt0000001\t8.2\t1234567\ntt0000002\t7.0\t1234\ntt0000003\t6.5\t1\n");
  write_file(folder.file("title.certificates.tsv"), "tconst\tcertificate\ntt0000001\tPG\ntt0000002\tNot Rated\n");
  write_file(folder.file("title.crew.tsv"),
             "tconst\tdirectors\twriters\n"
             "tt0000001\tnm0000001\tnm0000001,nm0000002\ntt0000002\t\\N\t\\N\n");
  write_file(folder.file("title.principals.tsv"),
             "tconst\tordering\tnconst\tcategory\tjob\tcharacters\n"
             "tt0000001\t1\tnm0000002\tactress\t\\N\t\\N\ntt0000001\t2\tnm0000001\tactor\t\\N\t\\N\n");
  write_file(folder.file("name.basics.tsv"),
             "nconst\tprimaryName\tbirthYear\tdeathYear\tprimaryProfession\tknownForTitles\n"
             "nm0000001\tAnn Lee\t1960\t\\N\tdirector\t\\N\nnm0000002\tBo Diaz\t1970\t\\N\tactress\t\\N\n");
  ThreadPool pool(1);
  CatalogBuilder(CatalogTables::in_folder(folder.path()), {}, pool).save(folder.file("movies.bin"));
  const MovieCatalog catalog(folder.file("movies.bin"));
  const auto sheet = [&](const char* name) { return fact_sheet(catalog, catalog.find_display_name(name).value()); };
  using Lines = std::vector<std::string>;
  EXPECT_EQ(sheet("One (1994)"), (Lines{"One (1994)", "Year: 1994", "Genres: Comedy, Sci-Fi", "Runtime: 1 h 56 min",
                                        "Age rating: PG", "Rating: 8.2 out of 10 (1,234,567 votes)",
                                        "Director: Ann Lee", "Writers: Ann Lee, Bo Diaz", "Cast: Bo Diaz, Ann Lee"}));
  EXPECT_EQ(sheet("Two (1995)"),
            (Lines{"Two (1995)", "Year: 1995", "Genre: Drama", "Runtime: 2 h", "Rating: 7.0 out of 10 (1,234 votes)",
                   "Director: unknown", "Writer: unknown", "Cast: unknown"}));
  const Lines three = sheet("Three (1996)");
  EXPECT_EQ(three[3], "Runtime: 45 min");
  EXPECT_EQ(three[4], "Rating: 6.5 out of 10 (1 vote)");
  const Lines four = fact_sheet(catalog, catalog.find_tconst("tt0000004").value());
  EXPECT_EQ(Lines(four.begin() + 1, four.end()),
            (Lines{"Year: unknown", "Genre: unknown", "Runtime: unknown", "Rating: unknown", "Director: unknown",
                   "Writer: unknown", "Cast: unknown"}));
}

}  // namespace
}  // namespace matinee
