#include "lib/understanding/evidence_finder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/dialogue/span_text.h"
#include "tests/understanding/sample_evidence.h"

namespace matinee {
namespace {

using testing::sample_evidence;

// "kind:words" of each mark, with what numbers mean.
std::vector<std::string> marks(const std::string& text, const std::vector<SystemAct>& acts = {}) {
  std::vector<std::string> found;
  for (const Mark& mark : sample_evidence().find(acts, text)) {
    std::string line = fmt::format("{}:{}", name_of(mark.kind), text.substr(mark.begin, mark.end - mark.begin));
    if (mark.kind == MarkKind::kYears) line += "=" + years_text(mark.span);
    if (mark.kind == MarkKind::kRuntime) line += "=" + runtime_text(mark.span);
    if (mark.kind == MarkKind::kRating || mark.kind == MarkKind::kCount || mark.kind == MarkKind::kNth)
      line += fmt::format("={}", mark.number);
    found.push_back(std::move(line));
  }
  return found;
}

using Lines = std::vector<std::string>;

TEST(Evidence, YearsInAllForms) {
  EXPECT_EQ(marks("from 1994"), Lines{"years:1994=1994"});
  EXPECT_EQ(marks("the 90s or the eighties"), (Lines{"years:90s=1990s", "years:eighties=1980s"}));
  EXPECT_EQ(marks("from the 1990's"), Lines{"years:1990's=1990s"});
  EXPECT_EQ(marks("between 1990 and 1995"), Lines{"years:1990 and 1995=1990 to 1995"});
  EXPECT_EQ(marks("1990-95 is fine, 1990-1995 too").back(), "years:1990-1995=1990 to 1995");
  EXPECT_EQ(marks("1870s"), Lines{"years:1870s=1870s"});
  EXPECT_EQ(marks("route 66"), Lines{}) << "no number is a year by itself";
  EXPECT_EQ(marks("3000 years"), Lines{});
}

TEST(Evidence, RunningTimesInAllForms) {
  for (const char* text : {"90 minutes", "90min", "1h30", "an hour and a half", "one and a half hours", "90 mins"})
    EXPECT_EQ(marks(fmt::format("at most {} please", text)), Lines{fmt::format("runtime:{}=90", text)}) << text;
  EXPECT_EQ(marks("two hours at most"), Lines{"runtime:two hours=120"});
  EXPECT_EQ(marks("under 95"), Lines{"runtime:95=95"});
  EXPECT_EQ(marks("about 95 people"), Lines{}) << "a number without a word for time is none";
}

TEST(Evidence, RatingsCountsAndPlaces) {
  EXPECT_EQ(marks("rated at least 8"), Lines{"rating:8=80"});
  EXPECT_EQ(marks("7.5+ on imdb"), Lines{"rating:7.5=75"});
  EXPECT_EQ(marks("give me three movies"), Lines{"count:three=3"});
  EXPECT_EQ(marks("a couple of suggestions"), Lines{"count:a couple=2"});
  EXPECT_EQ(marks("the second one"), Lines{"nth:second one=2"});
  EXPECT_EQ(marks("number 3 then"), Lines{"nth:number 3=3"});
  EXPECT_EQ(marks("i have two kids").front(), "age:kids") << "children are not counted as movies";
}

TEST(Evidence, AgesOfChildren) {
  const auto age = [](const std::string& text) {
    for (const Mark& mark : sample_evidence().find({}, text)) {
      if (mark.kind == MarkKind::kAge) return std::string(name_of(static_cast<AgeRating>(mark.number)));
    }
    return std::string("none");
  };
  EXPECT_EQ(age("for my 5 year old"), "G");
  EXPECT_EQ(age("a ten year old boy"), "PG");
  EXPECT_EQ(age("she is 14 years old"), "PG-13");
  EXPECT_EQ(age("for a 12 year old"), "PG-13");
  EXPECT_EQ(age("they are under 12 years old"), "PG");
  EXPECT_EQ(age("nobody under the age of 17"), "PG-13");
  EXPECT_EQ(age("all are over age 16"), "R");
  EXPECT_EQ(age("all younger than 7 years old"), "G");
  EXPECT_EQ(age("PG-13 at most"), "PG-13");
  EXPECT_EQ(age("the movie is 14 years long"), "none");
}

TEST(Evidence, WordsOfSeveralGenres) {
  const Lines romcom = marks("a romcom");
  ASSERT_EQ(romcom.size(), 1u);
  const auto found = sample_evidence().find({}, "a romcom");
  EXPECT_EQ(found[0].genres.size(), 2u);
  EXPECT_EQ(marks("no comedies, no musicals"), (Lines{"genre:comedies", "genre:musicals"}));
  EXPECT_EQ(marks("crime dramas"), (Lines{"genre:crime", "genre:dramas"}));
}

TEST(Evidence, TheLongestPhraseWins) {
  EXPECT_EQ(marks("same director"), Lines{"same:same director"});
  EXPECT_EQ(marks("a hidden gem"), Lines{"popularity:hidden gem"});
  EXPECT_EQ(marks("based on a true story"), Lines{"theme:based on a true story"});
}

TEST(Evidence, NamesKeepTheirWordsToThemselves) {
  // "Scary Movie" written as a title is one; "a scary movie" is a wish.
  EXPECT_EQ(marks("something like Scary Movie").front(), "name:Scary Movie");
  EXPECT_EQ(marks("a scary movie").front(), "genre:scary");
  EXPECT_EQ(marks("with Robert De Niro"), Lines{"name:Robert De Niro"});
}

TEST(Evidence, TitlesThatTheCatalogLacksAreFound) {
  EXPECT_EQ(marks("I loved \"Zorbular Quest\""), Lines{"not_found:Zorbular Quest"});
}

TEST(Evidence, MarksAreInOrderAndApart) {
  Random random(4, "words");
  const std::vector<std::string> pieces{"comedies", "90s",  "Heat",      "with",    "Al Pacino", "two hours", "or",
                                        "rated",    "8",    "the first", "one",     "newer",     "scary",     "movie",
                                        "for kids", "1995", "about",     "pirates", "not",       "three"};
  for (int i = 0; i < 300; ++i) {
    std::string text;
    for (int word = 0; word < 12; ++word) text += random.pick(pieces) + " ";
    std::size_t end = 0;
    const auto found = sample_evidence().find({}, text);
    EXPECT_LE(found.size(), EvidenceFinder::kMostMarks);
    for (const Mark& mark : found) {
      EXPECT_GE(mark.begin, end) << text;
      EXPECT_GT(mark.end, mark.begin);
      EXPECT_LE(mark.end, text.size());
      end = mark.end;
    }
  }
}

}  // namespace
}  // namespace matinee
