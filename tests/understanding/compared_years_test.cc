// Years and lengths that a turn compares with: "newer than 2005", "too long".
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
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
    EXPECT_EQ(years("a drama newer than 2005", kind, era ? Role::kWant : Role::kFrom), (Span{2006, kLastYear}));
    EXPECT_EQ(years("something older than 1980", kind, era ? Role::kWant : Role::kUntil), (Span{kFirstYear, 1979}));
    EXPECT_EQ(years("not older than the 1990s", kind, era ? Role::kNot : Role::kFrom), (Span{1990, kLastYear}));
    EXPECT_EQ(years("nothing newer than 1970", kind, era ? Role::kNot : Role::kUntil), (Span{kFirstYear, 1970}));
  }
  const auto ago = years("no older than 10 years", MarkKind::kEra, Role::kNot);
  ASSERT_TRUE(ago);
  EXPECT_EQ(*ago, (Span{LooseYears(world_.catalog).newest - 10, kLastYear}));
  // Nothing but this can be meant by such a year.
  EXPECT_EQ(roles_of(marks("a drama newer than 2005").back()), (std::vector{Role::kNone, Role::kFrom}));
  EXPECT_EQ(roles_of(marks("not newer than 2005").back()), (std::vector{Role::kNone, Role::kUntil}));
  EXPECT_GT(roles_of(marks("a drama of 2005").back()).size(), 2U);
}

// "Under" and "over" leave the number out, unless they are denied; "at most" and "or later" do not.
TEST_F(ComparedYears, StrictBoundsLeaveTheNumberOut) {
  struct Bound {
    const char* text;
    Role role;
    Span span;
  };
  const auto kept = [&](const Bound& bound, MarkKind kind) {
    const std::vector<Mark> found = marks(bound.text);
    TurnReading reading;
    for (const Mark& mark : found) reading.roles.push_back(mark.kind == kind ? bound.role : Role::kNone);
    const PreferenceState said = update_of(reading, found, context_, world_.catalog).said;
    return kind == MarkKind::kYears ? said.years : said.runtime;
  };
  using enum Role;
  for (const Bound& bound :
       {Bound{"before 1990", kUntil, {kFirstYear, 1989}}, Bound{"after 1990", kFrom, {1991, kLastYear}},
        Bound{"not before 1990", kFrom, {1990, kLastYear}}, Bound{"nothing after 1990", kUntil, {kFirstYear, 1990}},
        Bound{"1990 or earlier", kUntil, {kFirstYear, 1990}}, Bound{"since 1990", kFrom, {1990, kLastYear}},
        Bound{"no later than 1965", kUntil, {kFirstYear, 1965}}, Bound{"pre-1970", kUntil, {kFirstYear, 1969}},
        Bound{"post 2010", kFrom, {2011, kLastYear}}, Bound{"before the 80s", kUntil, {kFirstYear, 1979}},
        Bound{"after the nineties", kFrom, {2000, kLastYear}}, Bound{"from the nineties on", kFrom, {1990, kLastYear}}})
    EXPECT_EQ(kept(bound, MarkKind::kYears), bound.span) << bound.text;
  for (const Bound& bound :
       {Bound{"under 100 minutes", kUntil, {0, 99}}, Bound{"less than two hours", kUntil, {0, 119}},
        Bound{"at most 100 minutes", kUntil, {0, 100}}, Bound{"90 minutes or less", kUntil, {0, 90}},
        Bound{"no longer than two hours", kUntil, {0, 120}}, Bound{"nothing over two hours", kUntil, {0, 120}},
        Bound{"over two hours", kFrom, {121, kLongest}}, Bound{"not under two hours", kFrom, {120, kLongest}},
        Bound{"at least two hours", kFrom, {120, kLongest}}})
    EXPECT_EQ(kept(bound, MarkKind::kRuntime), bound.span) << bound.text;
  for (const auto& [text, tenths] : {std::pair("rated over 8", 81), std::pair("rated at least 8", 80),
                                     std::pair("nothing rated below 7", 70), std::pair("rated above 10", 100)}) {
    const std::vector<Mark> found = marks(text);
    ASSERT_EQ(found.size(), 1U) << text;
    TurnReading reading;
    reading.roles = {kWant};
    EXPECT_EQ(update_of(reading, found, context_, world_.catalog).said.min_rating, tenths) << text;
  }
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
