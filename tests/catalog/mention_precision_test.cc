// What is no name, which of several names is meant, and what the catalog lacks.
#include <gtest/gtest.h>

#include <algorithm>

#include "lib/catalog/mention_finder.h"
#include "tests/catalog/small_catalog.h"

namespace matinee {
namespace {

using testing::SmallTables;

// The whole sample, with a few movies and people that it lacks.
class MentionPrecision : public ::testing::Test {
 protected:
  static const MovieCatalog& catalog() {
    static const testing::TemporaryFolder folder;
    static const MovieCatalog made = [] {
      ThreadPool pool(1);
      CatalogBuilder(CatalogTables::in_folder("testdata/sample"), {}, pool).save(folder.file("movies.bin"));
      return MovieCatalog(folder.file("movies.bin"));
    }();
    return made;
  }
  static const MentionFinder& finder() {
    static const MentionFinder made(catalog());
    return made;
  }
  static std::string name_of(const Mention& mention) {
    return std::string(mention.kind == MentionKind::kMovie ? catalog().display_name(mention.id)
                                                           : catalog().person_display_name(mention.id));
  }
  // The best reading of the text, "" if there is none.
  static std::string first(std::string_view text, const MentionOptions& options = {}) {
    const auto found = finder().find(text, options);
    return found.empty() ? "" : name_of(found.front());
  }
  static bool any(std::string_view text, std::string_view name, const MentionOptions& options = {}) {
    const auto found = finder().find(text, options);
    return std::any_of(found.begin(), found.end(), [&](const Mention& m) { return name_of(m) == name; });
  }
};

TEST_F(MentionPrecision, OtherWordsAreNoMisspelledNames) {
  for (const char* text : {"something corny",
                           "the Marvel movies",
                           "a french comedy",
                           "in french please",
                           "Hallo",
                           "hola",
                           "asdfgh",
                           "qwerty",
                           "I WANT A SCARY MOVIE!!!",
                           "i want a scary movie",
                           "no disney please",
                           "danke",
                           "a korean thriller",
                           "anything on netflix?",
                           "the pixar ones",
                           "was it corny",
                           "a movie with a triangle",
                           "my ex loved that one",
                           "rated at least 8",
                           "send help lol",
                           "grown ups only",
                           "merry christmas",
                           "happy new year!",
                           "good night!",
                           "a sleepover with my friends"}) {
    EXPECT_EQ(first(text), "") << text;
  }
}

TEST_F(MentionPrecision, ATitleThatTheCatalogLacksIsNoNearOne) {
  EXPECT_FALSE(any("I liked Amelie", "Amelia (2009)"));
  EXPECT_FALSE(any("I liked Amélie", "Amelia (2009)"));
  EXPECT_EQ(first("I liked Paradise Hotelz"), "");
  EXPECT_FALSE(any("something like Tarkovsky", "Genndy Tartakovsky"));
  EXPECT_FALSE(any("Heat (1950) was good", "Heat (1995)"));
}

TEST_F(MentionPrecision, AWordOfALongerNameIsNotTheWholeOne) {
  EXPECT_FALSE(any("She wrote Throne of Glass", "Glass (2019)"));
  EXPECT_FALSE(any("Have you read The House at Pooh Corner?", "House (1977)"));
  EXPECT_FALSE(any("I liked The Kids Are Alright (1979)", "Kids (1995)"));
  EXPECT_FALSE(any("books by Christina Baker Kline", "Christine (1983)"));
  EXPECT_FALSE(any("like Alice's Adventures", "Alice (1990)"));
  EXPECT_EQ(first("I loved Scream Let's talk"), "Scream (1996)");
}

TEST_F(MentionPrecision, ContractionsAndAnswersAreNoTitles) {
  for (const char* text : {"I saw that one. It's good", "No, I haven't", "no", "nope", "It was ok", "Old or new?",
                           "something the familyt would enjoy", "Is it a Drama?", "anythig else"})
    EXPECT_EQ(first(text), "") << text;
  EXPECT_EQ(first("I loved the new It"), "It (2017)");
}

TEST_F(MentionPrecision, TheExactTitleStandsBeforeNearOnes) {
  for (const char* text : {"like Heat but newer", "I've seen Heat", "\"heat\"", "Heat"})
    EXPECT_EQ(first(text), "Heat (1995)") << text;
  EXPECT_EQ(first("The Heat"), "The Heat (2013)");
}

TEST_F(MentionPrecision, ANumberBelongsToTheTitle) {
  for (const auto& [text, name] : std::initializer_list<std::pair<const char*, const char*>>{
           {"I loved godfather 2", "The Godfather Part II (1974)"},
           {"Godfather II", "The Godfather Part II (1974)"},
           {"Godfather part two", "The Godfather Part II (1974)"},
           {"Kill Bill 2", "Kill Bill: Volume 2 (2004)"}}) {
    EXPECT_EQ(first(text), name) << text;
  }
  // There is no such film: the first one is not meant.
  for (const char* text : {"I liked Casablanca 2", "casablanca II", "Casablanca part 3"})
    EXPECT_FALSE(any(text, "Casablanca (1942)")) << text;
  for (const char* text : {"I watched Casablanca 2 times", "Casablanca (1942)", "Casablanca (1943) rocks"})
    EXPECT_EQ(first(text), "Casablanca (1942)") << text;
}

TEST(MentionPrecisionOfNumbers, AreThoseOfTheBetterKnownMovie) {
  SmallTables tables;
  const auto movie = [&](const char* id, const char* title, int year, int votes) {
    tables.basics +=
        std::string(id) + "\tmovie\t" + title + "\t" + title + "\t0\t" + std::to_string(year) + "\t\\N\t100\tComedy\n";
    tables.ratings += std::string(id) + "\t7.0\t" + std::to_string(votes) + "\n";
  };
  movie("tt31", "Ocean's Eleven", 2001, 600);
  movie("tt32", "Ocean's 11", 1960, 20);
  movie("tt33", "Back to the Future Part III", 1990, 400);
  movie("tt34", "Back to the Future", 1985, 900);
  movie("tt35", "Rocky V", 1990, 100);
  movie("tt36", "Rocky", 1976, 800);
  movie("tt37", "Terminator 2: Judgment Day", 1991, 900);
  movie("tt38", "Gladiator", 2000, 900);
  const MovieCatalog catalog = tables.catalog();
  const MentionFinder finder(catalog);
  const auto first = [&](std::string_view text) {
    const auto found = finder.find(text);
    return found.empty() ? "" : std::string(catalog.tconst(found[0].id));
  };
  EXPECT_EQ(first("Ocean's 11"), "tt31");
  EXPECT_EQ(first("Ocean's 11 (1960)"), "tt32");
  EXPECT_EQ(first("back to the future 3 was great"), "tt33");
  EXPECT_EQ(first("Rocky Five"), "tt35");
  EXPECT_EQ(first("rocky"), "tt36");
  EXPECT_EQ(first("terminator 2 was great"), "tt37");
  EXPECT_EQ(first("I loved Gladiator 2"), "");
  EXPECT_EQ(first("I loved Gladiator"), "tt38");
}

TEST_F(MentionPrecision, ShortFormsOfTitles) {
  EXPECT_TRUE(any("Dr. Strangelove and Birdman",
                  "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb (1964)"));
  EXPECT_TRUE(any("Dr. Strangelove and Birdman", "Birdman or (The Unexpected Virtue of Ignorance) (2014)"));
  EXPECT_EQ(first("seven"), "Seven (1995)");
  EXPECT_EQ(first("Interstelar was amazing too"), "Interstellar (2014)");
}

TEST_F(MentionPrecision, ASurnameNeedsAWellKnownBearerOrTheQuestion) {
  EXPECT_EQ(first("with hanks maybe"), "Tom Hanks");
  EXPECT_TRUE(any("Hitchcock", "Alfred Hitchcock"));
  EXPECT_EQ(first("Hitchcock", {.expects_person = true}), "Alfred Hitchcock");
  EXPECT_TRUE(any("Stone", "Emma Stone", {.expects_person = true}) ||
              any("Stone", "Oliver Stone", {.expects_person = true}));
  for (const Mention& mention : finder().find("I love hanks")) EXPECT_TRUE(mention.weak);
}

TEST_F(MentionPrecision, WeakIsWhatMayBeNoName) {
  const auto weak = [&](const char* text) { return finder().find(text).at(0).weak; };
  for (const char* text : {"I liked The Godfather", "with Tom Hanks", "\"Heat\"", "Heat (1995)", "casablanca"})
    EXPECT_FALSE(weak(text)) << text;
  for (const char* text : {"heat", "tarantino", "have you seen gravity"}) EXPECT_TRUE(weak(text)) << text;
}

class UnknownTitles : public MentionPrecision {
 protected:
  static std::string unknown(const std::string& text) {
    std::string list;
    for (const UnknownTitle& title : finder().find_unknown_titles(text, finder().find(text))) {
      list += (list.empty() ? "" : "|") + text.substr(title.begin, title.end - title.begin);
      if (title.year > 0) list += "=" + std::to_string(title.year);
      if (title.person) list += "=person";
    }
    return list;
  }
};

TEST_F(UnknownTitles, AreNamed) {
  EXPECT_EQ(unknown("I liked Paradizo and Heat"), "Paradizo");
  EXPECT_EQ(unknown("have you seen \"the zorb\"?"), "the zorb");
  EXPECT_EQ(unknown("have you seen zorb (2019)?"), "zorb=2019");
  EXPECT_EQ(unknown("I loved The Return of Zorbax (2031) a lot"), "The Return of Zorbax=2031");
  EXPECT_EQ(unknown("something with Zita Quarlax"), "Zita Quarlax=person");
  EXPECT_EQ(unknown("I watched Celine and Julie Go Boating"), "Celine and Julie Go Boating");
}

TEST_F(UnknownTitles, OrdinarySentencesHaveNone) {
  for (const char* text :
       {"", "I don't know.", "My wife and I love French movies on Netflix", "Thank You For The Help", "HELLO THERE",
        "I WANT SOMETHING LIKE ZORBAX", "i liked zorbax", "Ok. Great! Thanks", "We live in London",
        "Any ideas for Friday Night?", "I like Horror and Comedy", "It is rated PG-13 I think", "OMG I LOVE that one",
        "\"no\"", "Something funny, please. Not too long", "My friend Peter says hi", "I saw it on TV in Atlanta"})
    EXPECT_EQ(unknown(text), "") << text;
}

}  // namespace
}  // namespace matinee
