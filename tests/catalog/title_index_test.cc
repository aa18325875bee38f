#include "lib/catalog/title_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "lib/base/random.h"
#include "lib/catalog/fold_name.h"
#include "tests/catalog/small_catalog.h"

namespace matinee {
namespace {

using testing::SampleMovies;
using testing::SmallTables;

TEST(FoldName, IgnoresCaseAccentsAndPunctuation) {
  EXPECT_EQ(fold_name("Amélie!"), "amelie");
  EXPECT_EQ(fold_name("WALL·E"), "wall e");
  EXPECT_EQ(fold_name("  Ocean's   Eleven "), "oceans eleven");
  EXPECT_EQ(fold_name("Ocean\u2019s Eleven"), "oceans eleven");
  EXPECT_EQ(fold_name("J.J. Abrams"), "jj abrams");
  EXPECT_EQ(fold_name("Spider-Man: No Way Home"), "spider man no way home");
  EXPECT_EQ(fold_name("Straße"), "strasse");
  EXPECT_EQ(fold_name("Brødre"), "brodre");
  EXPECT_EQ(fold_name("Paweł Pawlikowski"), "pawel pawlikowski");
  EXPECT_EQ(fold_name("Đorđe Þór Æsa Œuvre Diyarbakır Auður"), "dorde thor aesa oeuvre diyarbakir audur");
  EXPECT_EQ(fold_name("ТЕНЬ"), "тень");
  EXPECT_EQ(fold_name(""), "");
  EXPECT_EQ(fold_name("...?!"), "");
  EXPECT_EQ(fold_name("a\xFF"
                      "b"),
            "a b");
}

TEST(FoldName, DoesNotDependOnTheNormalForm) {
  // The same names with letters composed (NFC) and with combining marks (NFD), as some systems write them.
  EXPECT_EQ(fold_name("Ame\u0301lie"), fold_name("Am\u00E9lie"));
  EXPECT_EQ(fold_name("Pen\u0303a"), fold_name("Pe\u00F1a"));
}

TEST(FoldName, FoldingTwiceEqualsFoldingOnce) {
  const MovieCatalog& catalog = SampleMovies::get();
  for (PersonId person = 0; person < catalog.people_count(); ++person) {
    const std::string once = fold_name(catalog.person_name(person));
    EXPECT_EQ(fold_name(once), once);
  }
}

TEST(FoldTitle, FoldsLeadingArticlesAway) {
  EXPECT_EQ(fold_title("The Matrix"), "matrix");
  EXPECT_EQ(fold_title("Matrix, The"), "matrix");
  EXPECT_EQ(fold_title("An Education"), "education");
  EXPECT_EQ(fold_title("A.I. Artificial Intelligence"), "ai artificial intelligence");
  EXPECT_EQ(fold_title("The The"), "the");
  EXPECT_EQ(fold_title("The"), "the");
  EXPECT_EQ(fold_title("Thelma"), "thelma");
}

// The definition, without a limit: plain recursion that stores all cells.
int plain_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<int>> d(a.size() + 1, std::vector<int>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = static_cast<int>(i + j);
        continue;
      }
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

TEST(EditDistance, AgreesWithItsDefinitionUpToTheLimit) {
  const std::uint64_t seed = 21;
  Random random(seed, "words");
  for (int round = 0; round < 3000; ++round) {
    const auto word = [&] {
      std::string text;
      for (auto n = random.below(8); n-- > 0;) text += static_cast<char>('a' + random.below(3));
      return text;
    };
    const std::string a = word(), b = word();
    const int truth = plain_distance(a, b);
    for (int limit = 0; limit <= 4; ++limit)
      ASSERT_EQ(edit_distance(a, b, limit), std::min(truth, limit + 1)) << a << " " << b << " seed " << seed;
  }
  EXPECT_EQ(edit_distance("matrix", "matrxi", 2), 1);
}

TEST(TitleIndex, ExactThenFoldedThenFuzzy) {
  const SmallTables tables;
  const MovieCatalog catalog = tables.catalog();
  const TitleIndex index(catalog);
  const auto found = [&](std::string_view title, std::int32_t year = kUnknown) {
    const TitleLookup lookup = index.find(title, year);
    std::string text(1, "NEFZW"[static_cast<int>(lookup.match)]);
    for (const MovieId movie : lookup.movies) text += " " + std::string(catalog.tconst(movie));
    return text;
  };
  EXPECT_EQ(found("The Matrix"), "E tt2");
  EXPECT_EQ(found("matrix"), "F tt2");
  EXPECT_EQ(found("Matrix, The"), "F tt2");
  EXPECT_EQ(found("the matirx"), "Z tt2");
  EXPECT_EQ(found("teh matrix"), "F tt2");
  EXPECT_EQ(found("them atrix"), "Z tt2");
  EXPECT_EQ(found("amelie"), "F tt3");
  EXPECT_EQ(found("le fabuleux destin d'amelie poulain"), "F tt3");
  EXPECT_EQ(found("Heat"), "E tt1 tt7");  // ambiguous: the better-known movie first
  EXPECT_EQ(found("Heat (1986)"), "E tt7");
  EXPECT_EQ(found("Heat", 1986), "E tt7");
  EXPECT_EQ(found("heat (1994)"), "F tt1");  // a year off by one
  EXPECT_EQ(found("Twins (1988)"), "E tt5 tt6");
  EXPECT_EQ(found("Tomorrow"), "E tt8");
  EXPECT_EQ(found("Completely Different"), "N");
  EXPECT_EQ(found(""), "N");
  EXPECT_EQ(found("(1986)"), "N");
}

TEST(TitleIndex, NumbersAndShortForms) {
  SmallTables tables;
  tables.basics +=
      "tt31\tmovie\tThe Godfather\tThe Godfather\t0\t1972\t\\N\t175\tCrime\n"
      "tt32\tmovie\tThe Godfather Part II\tThe Godfather Part II\t0\t1974\t\\N\t202\tCrime\n"
      "tt33\tmovie\tBirdman or (The Unexpected Virtue of Ignorance)\tBirdman\t0\t2014\t\\N\t119\tComedy\n"
      "tt34\tmovie\tOcean's Eleven\tOcean's Eleven\t0\t2001\t\\N\t116\tCrime\n"
      "tt35\tmovie\tOcean's 11\tOcean's 11\t0\t1960\t\\N\t127\tCrime\n"
      "tt36\tmovie\tBrødre\tBrødre\t0\t2004\t\\N\t117\tDrama\n"
      "tt37\tmovie\tDr. Strangelove or: How I Learned to Stop Worrying\tx\t0\t1964\t\\N\t95\tComedy\n"
      "tt38\tmovie\tApollo 13\tApollo 13\t0\t1995\t\\N\t140\tDrama\n";
  tables.ratings += "tt34\t7.7\t60000\ntt35\t6.5\t20\n";
  const MovieCatalog catalog = tables.catalog();
  const TitleIndex index(catalog);
  const auto found = [&](std::string_view title) {
    const TitleLookup lookup = index.find(title);
    std::string text(1, "NEFZW"[static_cast<int>(lookup.match)]);
    for (const MovieId movie : lookup.movies) text += " " + std::string(catalog.tconst(movie));
    return text;
  };
  EXPECT_EQ(found("Godfather 2"), "F tt32");
  EXPECT_EQ(found("the godfather part two "), "F tt32");
  EXPECT_EQ(found("Godfather II"), "F tt32");
  EXPECT_EQ(found("Godfather"), "F tt31");
  EXPECT_EQ(found("Godfather 3").substr(0, 2), "N ");  // no such film: suggestions only
  EXPECT_NE(found("Godfather 3").find("tt31"), std::string::npos);
  EXPECT_EQ(found("Apollo 12").substr(0, 2), "N ");
  EXPECT_EQ(found("Apolo 13"), "Z tt38");
  EXPECT_EQ(found("Birdman"), "E tt33");
  EXPECT_EQ(found("dr strangelove"), "F tt37");
  EXPECT_EQ(found("Ocean's 11"), "F tt34 tt35");  // the better known first
  EXPECT_EQ(found("Ocean's 11 (1960)"), "E tt35");
  EXPECT_EQ(found("Brodre "), "F tt36");
  EXPECT_EQ(found("unexpected ignorance of virtue"), "W tt33");
  EXPECT_EQ(found(" Heat\t"), "E tt1 tt7");
}

TEST(TitleIndex, IdsInAddresses) {
  EXPECT_EQ(tconst_in("tt0068646 "), "tt0068646");
  EXPECT_EQ(tconst_in("https://www.imdb.com/title/tt0068646/?ref_=fn_al_tt_1"), "tt0068646");
  EXPECT_EQ(tconst_in("m.imdb.com/de/title/tt0068646"), "tt0068646");
  EXPECT_EQ(tconst_in("HTTP://IMDB.COM/TITLE/TT0068646"), "tt0068646");
  EXPECT_EQ(tconst_in("https://www.imdb.com/title/tt10872600#top"), "tt10872600");
  EXPECT_EQ(tconst_in("\u00a0 TT68646\n"), "tt0068646");
  EXPECT_EQ(tconst_in("tt000068646"), "tt0068646");
  EXPECT_EQ(tconst_in("tt0"), "tt0000000");
  for (const char* text : {"", "tt", "ttt", "tt12a4567", "tt-1", "https://www.imdb.com/chart/top", "The tt0068646",
                           "https://www.imdb.com/name/nm0000199/"})
    EXPECT_FALSE(tconst_in(text)) << text;
}

TEST(TitleQuery, YearsBesideTitles) {
  const auto bracketed = [](std::string_view text) {
    const auto found = title_with_year(text);
    return found ? std::string(found->title) + "|" + std::to_string(found->year) : "";
  };
  EXPECT_EQ(bracketed("Heat (1995)"), "Heat|1995");
  EXPECT_EQ(bracketed(" Heat [1995] "), "Heat|1995");
  EXPECT_EQ(bracketed("(1995)"), "|1995");
  for (const char* text :
       {"Heat 1995", "Heat (1995]", "Heat (19x5)", "Heat (0995)", "Heat (195)", "", "(500) Days of Summer"})
    EXPECT_EQ(bracketed(text), "") << text;
  const auto bare = [](std::string_view text) {
    const auto found = title_with_bare_year(text);
    return found ? std::string(found->title) + "|" + std::to_string(found->year) : "";
  };
  EXPECT_EQ(bare("Heat 1995"), "Heat|1995");
  EXPECT_EQ(bare("Heat, 1995"), "Heat|1995");
  EXPECT_EQ(bare("1995 Heat"), "Heat|1995");
  for (const char* text : {"1917", "Apollo 13", "Heat", "", "Heat 9999", " 2012 "}) EXPECT_EQ(bare(text), "") << text;
}

TEST(TitleIndex, ABareYearSelectsWhereNoTitleHasIt) {
  SmallTables tables;
  tables.basics +=
      "tt31\tmovie\tBlade Runner\tBlade Runner\t0\t1982\t\\N\t117\tSci-Fi\n"
      "tt32\tmovie\tBlade Runner 2049\tBlade Runner 2049\t0\t2017\t\\N\t164\tSci-Fi\n"
      "tt33\tmovie\t1917\t1917\t0\t2019\t\\N\t119\tWar\n";
  const MovieCatalog catalog = tables.catalog();
  const TitleIndex index(catalog);
  const auto found = [&](std::string_view title) {
    const TitleLookup lookup = index.find(title);
    return lookup.match == TitleMatch::kNone ? std::string() : std::string(catalog.tconst(lookup.movies.front()));
  };
  EXPECT_EQ(found("heat 1986"), "tt7");
  EXPECT_EQ(found("heat, 1994"), "tt1");
  EXPECT_EQ(found("1986 heat"), "tt7");
  EXPECT_EQ(found("haet 1986"), "tt7");
  EXPECT_EQ(found("heat 2005"), "");
  EXPECT_EQ(index.find("heat 2005").movies.size(), 2u);  // suggests the title in other years
  EXPECT_EQ(found("blade runner 1982"), "tt31");
  EXPECT_EQ(found("blade runner 2049"), "tt32");
  EXPECT_EQ(found("blade runer 2049"), "tt32");
  EXPECT_EQ(found("1917"), "tt33");
  EXPECT_EQ(found("1918"), "");
}

TEST(TitleIndex, TheBetterKnownIsMeantUnlessItsTitleIsFarther) {
  SmallTables tables;
  tables.basics +=
      "tt31\tmovie\tThe Godfather\tThe Godfather\t0\t1972\t\\N\t175\tCrime\n"
      "tt32\tmovie\tGodfather\tGodfather\t0\t2022\t\\N\t150\tAction\n"
      "tt33\tmovie\tThe Heat\tThe Heat\t0\t2013\t\\N\t117\tComedy\n"
      "tt34\tmovie\tStar Wars: Episode IV - A New Hope\tStar Wars\t0\t1977\t\\N\t121\tSci-Fi\n"
      "tt35\tmovie\tStar Wars: Episode V - The Empire Strikes Back\tx\t0\t1980\t\\N\t124\tSci-Fi\n"
      "tt36\tmovie\tDune: Part One\tDune: Part One\t0\t2021\t\\N\t155\tSci-Fi\n"
      "tt37\tmovie\tDune: Part Two\tDune: Part Two\t0\t2024\t\\N\t166\tSci-Fi\n"
      "tt38\tmovie\t$\t$\t0\t1971\t\\N\t120\tCrime\n";
  tables.ratings += "tt31\t9.2\t200000\ntt32\t5.3\t900\ntt33\t6.6\t180\ntt34\t8.6\t1400\ntt35\t8.7\t1500\n";
  tables.ratings += "tt36\t8.0\t900\ntt37\t8.5\t1200\n";
  const MovieCatalog catalog = tables.catalog();
  const TitleIndex index(catalog);
  const auto best = [&](std::string_view title) {
    const TitleLookup lookup = index.find(title);
    return lookup.match == TitleMatch::kNone ? std::string() : std::string(catalog.tconst(lookup.movies.front()));
  };
  EXPECT_EQ(best("Godfather"), "tt31");
  EXPECT_EQ(best("godfather 2022"), "tt32");
  EXPECT_EQ(best("heat"), "tt1");
  EXPECT_EQ(best("the heat"), "tt33");
  EXPECT_EQ(best("star wars"), "tt34");
  EXPECT_EQ(best("starwars"), "tt34");
  EXPECT_EQ(best("empire strikes"), "tt35");
  EXPECT_EQ(best("dune"), "tt36");
  EXPECT_EQ(best("dune 2"), "tt37");
  EXPECT_EQ(best("$"), "tt38");
  EXPECT_EQ(best("\u20ac"), "");
}

TEST(TitleIndex, FindsEveryTitleHoweverItIsWritten) {
  const MovieCatalog& catalog = SampleMovies::get();
  const TitleIndex index(catalog);
  const std::uint64_t seed = 22;
  Random random(seed, "slips");
  int slips = 0, recovered = 0;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    const auto has = [&](const TitleLookup& lookup) {
      return std::find(lookup.movies.begin(), lookup.movies.end(), movie) != lookup.movies.end();
    };
    const std::string title(catalog.title(movie));
    EXPECT_EQ(index.find(title).match, TitleMatch::kExact) << title;
    EXPECT_TRUE(has(index.find(title))) << title;
    EXPECT_EQ(index.find(title, catalog.year(movie)).movies.front(), movie) << title;
    EXPECT_EQ(index.find(std::string(catalog.display_name(movie))).movies.front(), movie) << title;
    std::string upper = title;
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    EXPECT_TRUE(has(index.find(upper))) << upper;
    if (title.size() < 8) continue;
    std::string slip = title;
    const auto at = 1 + static_cast<std::size_t>(random.below(title.size() - 3));
    std::swap(slip[at], slip[at + 1]);
    ++slips;
    recovered += has(index.find(slip)) ? 1 : 0;
  }
  EXPECT_GT(recovered, slips * 98 / 100) << "of " << slips << ", seed " << seed;
}

TEST(TitleIndex, UnknownTitlesGetSuggestions) {
  const MovieCatalog& catalog = SampleMovies::get();
  const TitleIndex index(catalog);
  const TitleLookup lookup = index.find("Heeet");
  EXPECT_LE(lookup.movies.size(), 5u);
  const std::set<MovieId> unique(lookup.movies.begin(), lookup.movies.end());
  EXPECT_EQ(unique.size(), lookup.movies.size());
}

}  // namespace
}  // namespace matinee
