#include "lib/wording/phrasebook.h"

#include <gtest/gtest.h>

#include <map>

#include "lib/io/text_reader.h"
#include "lib/wording/phrase_language.h"
#include "tests/dialogue/sample_world.h"
#include "tests/wording/built_in_phrases.h"

namespace matinee {
namespace {

using testing::built_in_phrases;
using testing::error_of;
using testing::SampleWorld;

Phrasebook book_of(std::string_view text) {
  Phrasebook book;
  book.add_text(text, "phrases.txt");
  return book;
}

std::map<std::string, int> drawn(const Phrasebook& book, std::string_view section, const PhraseSlots& slots,
                                 int times) {
  std::map<std::string, int> counts;
  Random random(1, "draws");
  for (int i = 0; i < times; ++i) ++counts[book.expand(section, slots, random)];
  return counts;
}

TEST(Phrasebook, EveryPhraseCanBeChosenTheLastToo) {
  const Phrasebook book = book_of("[=p]\nx\ny\n[s]\n(a|b|c)\n<p>(1|2|)\nlast\n");
  const auto counts = drawn(book, "s", {}, 9000);
  EXPECT_EQ(counts.size(), 3u + 6u + 1u);
  EXPECT_EQ(book.count("s"), counts.size());
  EXPECT_EQ(book.lines("s"), 3u);
  // Each line is a third, each alternative an equal part of its line.
  EXPECT_NEAR(counts.at("last"), 3000, 250);
  EXPECT_NEAR(counts.at("c"), 1000, 150);
  EXPECT_NEAR(counts.at("y"), 500, 120);
}

TEST(Phrasebook, PhrasesWithoutTheirSlotsAreNotChosen) {
  const Phrasebook book = book_of("[s]\nwith {a}\nwith {b}\n(or {a}|or nothing)\n");
  const auto counts = drawn(book, "s", {{"b", "B"}}, 300);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_TRUE(counts.contains("with B"));
  EXPECT_TRUE(counts.contains("or nothing"));
  EXPECT_EQ(error_of([&] { drawn(book_of("[s]\n{a}\n"), "s", {}, 1); }),
            "phrasebook: section [s] has no phrase for these slots");
}

TEST(Phrasebook, ListsWhatItCanSayAndNothingElse) {
  const Phrasebook book = book_of("[=hi]\nHi\nHello\n[s]\n<hi>(,| there,|) {name}(!|.)\n\\(sic\\)\n");
  const PhraseSlots slots{{"name", "Ann"}};
  for (const auto& [text, times] : drawn(book, "s", slots, 500)) EXPECT_TRUE(can_say(book, {"s", slots}, text)) << text;
  EXPECT_TRUE(can_say(book, {"s", slots}, "(sic)"));
  for (const char* other : {"Hi Ann", "Hi, Bob!", "Hi, Ann!!", "", "Hallo, Ann!"})
    EXPECT_FALSE(can_say(book, {"s", slots}, other)) << other;
}

TEST(Phrasebook, LaterFilesAddToSections) {
  Phrasebook book = book_of("[s]\none\n");
  book.add_text("[s]\ntwo\n[a_genre.Short]\na short\n", "more.txt");
  EXPECT_EQ(book.lines("s"), 2u);
  EXPECT_TRUE(book.has("a_genre.Short"));
}

TEST(Phrasebook, MistakesAreToldWithLineAndColumn) {
  const auto complaint = [](std::string_view text) { return error_of([&] { book_of(text); }); };
  EXPECT_EQ(complaint("no section\n"), "phrases.txt:1: a phrase before the first [section]");
  EXPECT_EQ(complaint("[s]\n\n# fine\na (b|c\n"), "phrases.txt:4:7: \"(\" without its \")\"");
  EXPECT_EQ(complaint("[s]\na b)\n"), "phrases.txt:2:4: \")\" without its beginning");
  EXPECT_EQ(complaint("[s]\n{Name}\n"),
            "phrases.txt:2:1: \"Name\" is no name; names have lower-case letters, digits, _ and .");
  EXPECT_EQ(complaint("[s]\n{name\n"), "phrases.txt:2:1: \"{\" without its \"}\"");
  EXPECT_EQ(complaint("[s\na\n"), "phrases.txt:1: expected [section] or [=part], found \"[s\"");
  EXPECT_EQ(complaint("[s]\n<part>\n"), "phrases.txt: [s] uses <part>, which no section [=part] defines");
  EXPECT_EQ(complaint("[=p]\n<q>\n[=q]\n<p>\n[s]\n<p>\n"), "phrases.txt: <p> contains itself");
}

TEST(Phrasebook, SlipsInAnExtendingFileAreFound) {
  Phrasebook book = Phrasebook::built_in();
  EXPECT_EQ(error_of([&] { book.add_text("[u.gerne]\na western\n", "mine.txt"); }),
            "mine.txt:1: no act is called [u.gerne]; the sections are listed in docs/phrases.md");
  EXPECT_EQ(error_of([&] { book.add_text("[u.person]\nplease {persn}\n", "mine.txt"); }),
            "mine.txt:2: the phrases of this section have no {persn}, but {person}");
  EXPECT_EQ(error_of([&] { book.add_text("[u.person]\nwhy not {person}\n", "mine.txt"); }), "");
  EXPECT_TRUE(can_say(book, {"u.person", {{"person", "Ann"}}}, "why not Ann"));
}

// ---- The phrases that come with the program ---------------------------------------------------------------------

TEST(BuiltInPhrases, EachActHasFortyPhrasings) {
  const Phrasebook& book = built_in_phrases();
  int acts = 0;
  for (const std::string& section : book.sections()) {
    if (!section.starts_with("s.") && !section.starts_with("u.")) continue;
    ++acts;
    // Answers and comparisons come once or twice in a conversation.
    const bool is_rare = section.starts_with("s.answer.") || section.starts_with("s.compare.") ||
                         section.starts_with("s.relax.") || section.starts_with("s.explain.");
    EXPECT_GE(book.count(section), is_rare ? 20u : 40u) << section;
  }
  EXPECT_GT(acts, 60);
}

TEST(BuiltInPhrases, EveryGenreOfImdbHasWords) {
  const Phrasebook& book = built_in_phrases();
  for (const char* genre :
       {"Action",  "Adventure", "Animation", "Biography", "Comedy", "Crime",  "Documentary", "Drama",
        "Family",  "Fantasy",   "Film-Noir", "History",   "Horror", "Music",  "Musical",     "Mystery",
        "Romance", "Sci-Fi",    "Sport",     "Thriller",  "War",    "Western"}) {
    EXPECT_GE(book.count(std::string("a_genre.") + genre), 5u) << genre;
    EXPECT_GE(book.count(std::string("genres.") + genre), 2u) << genre;
  }
  for (const std::string& genre : SampleWorld::get().catalog.genres())
    EXPECT_TRUE(book.has("a_genre." + genre)) << genre;
}

// "genres.Music" begins the name of "genres.Musical".
TEST(Phrasebook, WordsOfASectionAreNotThoseOfALongerName) {
  Phrasebook book;
  book.add_text("[genres.Music]\nconcert films\n[genres.Musical]\nmusicals\n", "book");
  EXPECT_EQ(book.section_words("genres.Music"), (std::vector<std::string>{"concert", "films"}));
  EXPECT_TRUE(book.section_words("genres.War").empty());
}

}  // namespace
}  // namespace matinee
