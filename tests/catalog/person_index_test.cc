#include "lib/catalog/person_index.h"

#include <gtest/gtest.h>

#include "tests/catalog/small_catalog.h"

namespace matinee {
namespace {

using testing::SmallTables;

TEST(PersonIndex, FindsPeopleHoweverTheyAreWritten) {
  SmallTables tables;
  tables.names += "nm12\tPenélope Cruz\t1974\t\\N\tactress\ttt8\n";
  tables.principals += "tt8\t1\tnm12\tactress\t\\N\t\\N\n";
  const MovieCatalog catalog = tables.catalog();
  const PersonIndex index(catalog);
  const auto found = [&](std::string_view name) {
    const PersonLookup lookup = index.find(name);
    std::string text(1, "NEZW"[static_cast<int>(lookup.match)]);
    for (const PersonId person : lookup.people) text += " " + std::string(catalog.nconst(person));
    return text;
  };
  EXPECT_EQ(found("Al Pacino"), "E nm5");
  EXPECT_EQ(found(" al  PACINO"), "E nm5");
  EXPECT_EQ(found("penelope cruz"), "E nm12");
  EXPECT_EQ(found("nm5"), "E nm5");
  EXPECT_EQ(found("NM5"), "E nm5");
  EXPECT_EQ(found("robert deniro"), "Z nm6");
  EXPECT_EQ(found("keanu reaves"), "Z nm7");
  EXPECT_EQ(found("pacino"), "W nm5");
  EXPECT_EQ(found("wachowski").substr(0, 1), "W");
  // Three people: of The Matrix (2000 votes), of Heat (700), of Twins (150).
  EXPECT_EQ(found("michael mann"), "E nm8 nm1 nm9");
  EXPECT_EQ(found("Michael Mann (1951)"), "E nm9");
  EXPECT_EQ(found(""), "N");
  EXPECT_EQ(found("..."), "N");
  EXPECT_EQ(found("nobody here"), "N");
}

}  // namespace
}  // namespace matinee
