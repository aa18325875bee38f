#pragma once

#include <fstream>
#include <memory>
#include <string>

#include "lib/catalog/catalog_builder.h"
#include "lib/catalog/movie_catalog.h"
#include "tests/support/temporary_folder.h"

namespace matinee::testing {

inline void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// Seven movies and a few people, made up so that every rule of joining and naming has a case: movies with the same
/// title and year, namesakes with and without birth years, dangling references, missing values.
struct SmallTables {
  TemporaryFolder folder;
  std::string basics =
      "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n"
      "tt1\tmovie\tHeat\tHeat\t0\t1995\t\\N\t170\tAction,Crime,Drama\n"
      "tt2\tmovie\tThe Matrix\tThe Matrix\t0\t1999\t\\N\t136\tAction,Sci-Fi\n"
      "tt3\tmovie\tAmélie\tLe fabuleux destin d'Amélie Poulain\t0\t2001\t\\N\t122\tComedy,Romance\n"
      "tt4\tshort\tHeat\tHeat\t0\t1999\t\\N\t9\tShort\n"
      "tt5\tmovie\tTwins\tTwins\t0\t1988\t\\N\t107\tComedy\n"
      "tt6\tmovie\tTwins\tTwins\t0\t1988\t\\N\t\\N\t\\N\n"
      "tt7\tmovie\tHeat\tHeat\t0\t1986\t\\N\t101\tAction\n"
      "tt8\tmovie\tTomorrow\tTomorrow\t0\t\\N\t\\N\t\\N\t\\N\n";
  std::string ratings =
      "tconst\taverageRating\tnumVotes\n"
      "tt1\t8.3\t700\ntt2\t8.7\t2000\ntt3\t8.3\t800\ntt5\t6.1\t150\ntt6\t5.0\t150\ntt7\t5.5\t5\ntt99\t7.0\t9\n";
  std::string crew =
      "tconst\tdirectors\twriters\n"
      "tt1\tnm1\tnm1\ntt2\tnm2,nm3\tnm2,nm3\ntt3\tnm4\t\\N\ntt5\tnm9\t\\N\ntt99\tnm1\t\\N\n";
  std::string principals =
      "tconst\tordering\tnconst\tcategory\tjob\tcharacters\n"
      "tt1\t2\tnm6\tactor\t\\N\t\\N\ntt1\t1\tnm5\tactor\t\\N\t[\"Vincent\"]\ntt1\t3\tnm1\tdirector\t\\N\t\\N\n"
      "tt1\t4\tnm6\tactor\t\\N\t\\N\ntt2\t1\tnm7\tactor\t\\N\t\\N\ntt2\t2\tnm8\tactor\t\\N\t\\N\n"
      "tt3\t1\tnm404\tactress\t\\N\t\\N\ntt7\t1\tnm10\tactor\t\\N\t\\N\n";
  std::string names =
      "nconst\tprimaryName\tbirthYear\tdeathYear\tprimaryProfession\tknownForTitles\n"
      "nm1\tMichael Mann\t1943\t\\N\tdirector\ttt1\nnm2\tLana Wachowski\t1965\t\\N\tdirector\ttt2\n"
      "nm3\tLilly Wachowski\t1967\t\\N\tdirector\ttt2\nnm4\tJean-Pierre Jeunet\t1953\t\\N\tdirector\ttt3\n"
      "nm5\tAl Pacino\t1940\t\\N\tactor\ttt1\nnm6\tRobert De Niro\t1943\t\\N\tactor\ttt1\n"
      "nm7\tKeanu Reeves\t1964\t\\N\tactor\ttt2\nnm8\tMichael Mann\t\\N\t\\N\tactor\ttt2\n"
      "nm9\tMichael Mann\t1951\t\\N\tdirector\ttt5\nnm10\tBurt Reynolds\t1936\t2018\tactor\ttt7\n"
      "nm11\tNobody Here\t\\N\t\\N\t\\N\t\\N\n";

  CatalogTables write() const {
    write_text(folder.file("title.basics.tsv"), basics);
    write_text(folder.file("title.ratings.tsv"), ratings);
    write_text(folder.file("title.crew.tsv"), crew);
    write_text(folder.file("title.principals.tsv"), principals);
    write_text(folder.file("name.basics.tsv"), names);
    return CatalogTables::in_folder(folder.path());
  }

  MovieCatalog catalog(const CatalogOptions& options = {}) const {
    ThreadPool pool(1);
    CatalogBuilder(write(), options, pool).save(folder.file("movies.bin"));
    return MovieCatalog(folder.file("movies.bin"));
  }
};

/// The 400 best-known movies of testdata/sample, made once per test program.
struct SampleMovies {
  TemporaryFolder folder;
  std::unique_ptr<MovieCatalog> catalog;

  SampleMovies() {
    ThreadPool pool(1);
    CatalogBuilder(CatalogTables::in_folder("testdata/sample"), {.top = 400}, pool).save(folder.file("movies.bin"));
    catalog = std::make_unique<MovieCatalog>(folder.file("movies.bin"));
  }
  static const MovieCatalog& get() {
    static const SampleMovies sample;
    return *sample.catalog;
  }
};

}  // namespace matinee::testing
