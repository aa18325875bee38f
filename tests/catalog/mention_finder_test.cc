#include "lib/catalog/mention_finder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lib/base/random.h"
#include "lib/catalog/common_words.h"
#include "lib/catalog/fold_name.h"
#include "tests/catalog/small_catalog.h"

namespace matinee {
namespace {

using testing::SampleMovies;
using testing::SmallTables;

class MentionFinderTest : public ::testing::Test {
 protected:
  const SmallTables tables;
  const MovieCatalog catalog = tables.catalog();
  const MentionFinder finder{catalog};

  bool names_person(std::string_view text, const char* nconst) const {
    return names(text, MentionKind::kPerson, *catalog.find_nconst(nconst));
  }
  bool names_movie(std::string_view text, const char* tconst) const {
    return names(text, MentionKind::kMovie, *catalog.find_tconst(tconst));
  }
  bool names(std::string_view text, MentionKind kind, std::int32_t id) const {
    const auto found = finder.find(text);
    return std::any_of(found.begin(), found.end(), [&](const Mention& m) { return m.kind == kind && m.id == id; });
  }
};

TEST_F(MentionFinderTest, FindsNamesHoweverTheyAreWritten) {
  for (const char* text : {"anything with Al Pacino?", "al pacino pls", "I like Pacino.", "Al Pacnio", "AL PACINO!!",
                           "Pacino's films", "Pacino\u2019s films", "\"Al Pacino\""})
    EXPECT_TRUE(names_person(text, "nm5")) << text;
  for (const char* text : {"Robert De Niro", "bob de niro", "De Niro", "robert deniro"})
    EXPECT_TRUE(names_person(text, "nm6")) << text;
  for (const char* text : {"The Matrix", "matrix was great", "I loved the matirx", "Seen MATRIX already"})
    EXPECT_TRUE(names_movie(text, "tt2")) << text;
  for (const char* text : {"Amélie", "amelie", "something like Ame\u0301lie"})
    EXPECT_TRUE(names_movie(text, "tt3")) << text;
}

TEST_F(MentionFinderTest, EverydayWordsAreNamesOnlyWhenWrittenAsOne) {
  ASSERT_TRUE(is_common_word("heat"));
  for (const char* text : {"I loved Heat a lot", "what about \"heat\"", "heat"})
    EXPECT_TRUE(names_movie(text, "tt1")) << text;
  for (const char* text : {"too much heat today", "Something against the heat", ""})
    EXPECT_FALSE(names_movie(text, "tt1")) << text;
}

TEST_F(MentionFinderTest, NameInsideALongerOneIsPartOfIt) {
  EXPECT_FALSE(names_movie("I'd watch Al Pacino", "tt1"));
  const auto found = finder.find("something with Lana Wachowski");
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front().id, *catalog.find_nconst("nm2"));
  EXPECT_EQ(found.front().score, 1);
  for (const Mention& mention : found) EXPECT_NE(mention.id, *catalog.find_nconst("nm3"));
}

TEST(MentionFinder, PossessiveInATitleBelongsToIt) {
  SmallTables tables;
  tables.basics +=
      "tt20\tmovie\tChild's Play\tChild's Play\t0\t1988\t\\N\t87\tHorror\n"
      "tt21\tmovie\tA Very Long Title of Ten Words Is This One\tx\t0\t2014\t\\N\t81\tComedy\n";
  const MovieCatalog catalog = tables.catalog();
  const MentionFinder finder(catalog);
  const auto first = [&](std::string_view text) {
    const auto found = finder.find(text);
    return found.empty() || found[0].kind != MentionKind::kMovie ? "" : std::string(catalog.tconst(found[0].id));
  };
  for (const char* text :
       {"I loved Child's Play", "I loved Child\u2019s Play a lot", "Is Childs Play any good?", "Child's Play's ending"})
    EXPECT_EQ(first(text), "tt20") << text;
  EXPECT_EQ(first("we enjoyed A Very Long Title of Ten Words Is This One."), "tt21");
  for (const std::string text : {"The Matrix's look", "The Matrix\u2019s look"}) {
    const Mention matrix = finder.find(text).at(0);
    EXPECT_EQ(text.substr(matrix.begin, matrix.end - matrix.begin), "Matrix") << text;
  }
}

TEST_F(MentionFinderTest, LongTextsTakeNoLongerThanTheirBeginning) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "Heat, Al Pacino, the matirx; ";
  const auto found = finder.find(text);
  ASSERT_FALSE(found.empty());
  for (const Mention& mention : found) EXPECT_LT(mention.end, 400u * 10);
}

TEST_F(MentionFinderTest, TextWithoutNamesHasNone) {
  for (const char* text : {"", " ", "...", "I don't know, maybe something funny?", "from the nineties please",
                           "no idea, you choose", "\xFF\xFE", "yes please, under two hours"})
    EXPECT_TRUE(finder.find(text).empty()) << text;
}

TEST(MentionFinder, FullNamesOfTheSampleAreFound) {
  const MovieCatalog& catalog = SampleMovies::get();
  const MentionFinder finder(catalog);
  int missed = 0, looked = 0;
  const auto look = [&](const std::string& before, std::string_view name, const std::string& after, MentionKind kind,
                        std::int32_t id) {
    const std::string text = before + std::string(name) + after;
    const auto found = finder.find(text);
    const auto mention =
        std::find_if(found.begin(), found.end(), [&](const Mention& m) { return m.kind == kind && m.id == id; });
    ++looked;
    if (mention == found.end()) {
      ++missed;
      return;
    }
    // The bytes are those of the name, except for punctuation at its ends.
    EXPECT_LE(mention->begin, mention->end);
    EXPECT_LE(mention->end, text.size());
  };
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    if (fold_name(catalog.title(movie)).size() < 2) continue;
    look("Have you seen ", catalog.title(movie), "?", MentionKind::kMovie, movie);
  }
  for (PersonId person = 0; person < catalog.people_count(); person += 3)
    look("Something with ", catalog.person_name(person), ", please.", MentionKind::kPerson, person);
  EXPECT_GT(looked, 1000);
  EXPECT_LE(missed, looked / 200) << "of " << looked;
}

TEST(MentionFinder, ScoresFallAndStayWithinBounds) {
  const MovieCatalog& catalog = SampleMovies::get();
  const MentionFinder finder(catalog);
  const std::uint64_t seed = 23;
  for (std::uint64_t round = 0; round < 300; ++round) {
    Random random(seed, "text", round);
    std::string text;
    for (auto n = random.below(12); n-- > 0;) {
      static const std::vector<std::string> kPieces{"Pacino", "the",  "\"",     "'s", ".",
                                                    "é",      "\xC3", "Matrix", "—",  "Tom "};
      text += random.pick(kPieces) + (random.chance(0.7) ? " " : "");
    }
    const auto limit = static_cast<std::size_t>(random.below(8));
    const auto found = finder.find(text, {.limit = limit});
    ASSERT_LE(found.size(), limit);
    double last = 1;
    for (const Mention& mention : found) {
      ASSERT_GT(mention.score, 0) << text << " seed " << seed;
      ASSERT_LE(mention.score, last) << text << " seed " << seed;
      ASSERT_LT(mention.begin, mention.end) << text;
      ASSERT_LE(mention.end, text.size()) << text;
      last = mention.score;
    }
  }
}

}  // namespace
}  // namespace matinee
