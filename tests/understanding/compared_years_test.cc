// Years and lengths that a turn compares with: "newer than 2005", "too long".
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "lib/dialogue/span_text.h"
#include "lib/understanding/evidence_finder.h"
#include "lib/understanding/turn_reading.h"
#include "tests/dialogue/sample_world.h"
#include "tests/wording/built_in_phrases.h"

namespace matinee {
namespace {

using testing::built_in_phrases;
using testing::SampleWorld;

class ComparedYears : public ::testing::Test {
 protected:
  std::vector<Mark> marks(const std::string& text) const { return finder_.find({}, text); }
  // The years of the update where the mark of this kind has the role and all others none.
  std::optional<Span> years(const std::string& text, MarkKind kind, Role role) const {
    const std::vector<Mark> found = marks(text);
    TurnReading reading;
    for (const Mark& mark : found) reading.roles.push_back(mark.kind == kind ? role : Role::kNone);
    return update_of(reading, found, context_, world_.catalog).said.years;
  }

  const SampleWorld& world_ = SampleWorld::get();
  const TurnContext context_{{}};
  const GenreFinder genres_{world_.catalog, built_in_phrases()};
  const EvidenceFinder finder_{world_.catalog, world_.finder, genres_};
};

TEST_F(ComparedYears, NewerAndOlderMeanTheYearThatFollows) {
  for (const MarkKind kind : {MarkKind::kEra, MarkKind::kYears}) {
    const bool era = kind == MarkKind::kEra;
    EXPECT_EQ(years("a drama newer than 2005", kind, era ? Role::kWant : Role::kFrom), (Span{2005, kLastYear}));
    EXPECT_EQ(years("something older than 1980", kind, era ? Role::kWant : Role::kUntil), (Span{kFirstYear, 1980}));
    EXPECT_EQ(years("not older than the 1990s", kind, era ? Role::kNot : Role::kFrom), (Span{1990, kLastYear}));
    EXPECT_EQ(years("nothing newer than 1970", kind, era ? Role::kNot : Role::kUntil), (Span{kFirstYear, 1970}));
  }
  const auto ago = years("no older than 10 years", MarkKind::kEra, Role::kNot);
  ASSERT_TRUE(ago);
  EXPECT_EQ(ago->high, kLastYear);
  EXPECT_LT(ago->low, kLastYear - 10);
  EXPECT_GT(ago->low, kLastYear - 20);
  // Nothing but this can be meant by such a year.
  EXPECT_EQ(roles_of(marks("a drama newer than 2005").back()), (std::vector{Role::kNone, Role::kFrom}));
  EXPECT_EQ(roles_of(marks("not newer than 2005").back()), (std::vector{Role::kNone, Role::kUntil}));
  EXPECT_GT(roles_of(marks("a drama of 2005").back()).size(), 2U);
}

TEST_F(ComparedYears, AnAlternativeNeedsTheOneBeforeIt) {
  const std::vector<Mark> found = marks("80s or 90s");
  TurnReading reading;
  reading.roles = {Role::kNone, Role::kOr};
  EXPECT_EQ(update_of(reading, found, context_, world_.catalog).said.years, (Span{1980, 1999}));
}

TEST_F(ComparedYears, NobodyWantsWhatIsTooMuch) {
  for (const char* text : {"too long", "that is too old", "a bit too short for us", "this looks too new"}) {
    const std::vector<Mark> found = marks(text);
    ASSERT_EQ(found.size(), 1U) << text;
    EXPECT_EQ(roles_of(found[0]), (std::vector{Role::kNone, Role::kNot})) << text;
  }
  for (const char* text : {"a long movie", "something old", "not too long"}) {
    const std::vector<Mark> found = marks(text);
    ASSERT_EQ(found.size(), 1U) << text;
    EXPECT_NE(std::ranges::count(roles_of(found[0]), Role::kWant), 0) << text;
  }
}

}  // namespace
}  // namespace matinee
