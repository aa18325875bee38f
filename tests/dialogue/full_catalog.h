#pragma once

#include <fmt/format.h>

#include <fstream>
#include <string>

#include "lib/base/random.h"
#include "lib/catalog/catalog_builder.h"
#include "tests/dialogue/sample_world.h"

namespace matinee::testing {

/// Six hundred generated movies with all facts, also those that the sample mostly lacks, such as running times.
class FullCatalog {
 public:
  static const FullCatalog& get() {
    static const FullCatalog catalog;
    return catalog;
  }

 private:
  static std::string name(Random& random, int syllables) {
    static constexpr std::array<const char*, 16> kSyllables{"ba", "dor", "fi",  "gan", "hul", "jo",  "kem", "lis",
                                                            "mu", "nor", "pel", "ras", "su",  "tov", "vin", "zek"};
    std::string text;
    for (int i = 0; i < syllables; ++i) text += random.pick(kSyllables);
    text[0] = static_cast<char>(text[0] - 32);
    return text;
  }

  static std::string build(const TemporaryFolder& folder) {
    Random random(7, "full catalog");
    std::ofstream basics(folder.file("title.basics.tsv")), ratings(folder.file("title.ratings.tsv")),
        crew(folder.file("title.crew.tsv")), principals(folder.file("title.principals.tsv")),
        names(folder.file("name.basics.tsv"));
    basics << "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n";
    ratings << "tconst\taverageRating\tnumVotes\n";
    crew << "tconst\tdirectors\twriters\n";
    principals << "tconst\tordering\tnconst\tcategory\tjob\tcharacters\n";
    names << "nconst\tprimaryName\tbirthYear\tdeathYear\tprimaryProfession\tknownForTitles\n";
    static constexpr std::array<const char*, 8> kGenres{"Action", "Comedy", "Crime",   "Drama",
                                                        "Horror", "Music",  "Romance", "Thriller"};
    for (int person = 0; person < 300; ++person)
      names << fmt::format("nm{:07}\t{} {}\t\\N\t\\N\tactor\t\\N\n", person, name(random, 2), name(random, 4));
    for (int movie = 0; movie < 600; ++movie) {
      const std::string title = name(random, 3) + " " + name(random, 4), tconst = fmt::format("tt{:07}", movie);
      const auto genre = random.below(8);
      basics << fmt::format("{}\tmovie\t{}\t{}\t0\t{}\t\\N\t{}\t{},{}\n", tconst, title, title, 1930 + random.below(90),
                            70 + random.below(120), kGenres[genre], kGenres[(genre + 1 + random.below(7)) % 8]);
      ratings << fmt::format("{}\t{}.{}\t{}\n", tconst, random.below(10), random.below(10), 100 + random.below(100000));
      crew << fmt::format("{}\tnm{:07}\tnm{:07}\n", tconst, random.below(300), random.below(300));
      for (int billing = 1; billing <= 4; ++billing)
        principals << fmt::format("{}\t{}\tnm{:07}\tactor\t\\N\t\\N\n", tconst, billing, random.below(300));
    }
    for (std::ofstream* file : {&basics, &ratings, &crew, &principals, &names}) file->close();
    ThreadPool pool(1);
    CatalogBuilder(CatalogTables::in_folder(folder.path()), {}, pool).save(folder.file("movies.bin"));
    return folder.file("movies.bin");
  }
  FullCatalog() = default;
  TemporaryFolder folder_;

 public:
  const MovieCatalog catalog{build(folder_)};
  const FactSets facts{catalog};
  const MentionFinder finder{catalog};
  const CountingRanker ranker{catalog};
  const Policy policy{catalog, ranker};
};

}  // namespace matinee::testing
