#include "lib/dialogue/preference_state.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "tests/dialogue/sample_world.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::SampleWorld;

const MovieCatalog& catalog() { return SampleWorld::get().catalog; }
GenreId genre(const char* name) { return catalog().genre_id(name).value(); }
MovieId movie(const char* name) { return catalog().find_display_name(name).value(); }
PersonId person(const char* name) { return catalog().find_person_display_name(name).value(); }

// Up to three different ids.
std::vector<std::int32_t> some(Random& random, std::int32_t size) {
  std::set<std::int32_t> ids;
  for (std::uint64_t i = random.below(4); i > 0; --i)
    ids.insert(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(size))));
  std::vector<std::int32_t> list(ids.begin(), ids.end());
  random.shuffle(list);
  return list;
}

PreferenceUpdate random_update(std::uint64_t index) {
  Random random(1, "update", index);
  PreferenceUpdate update;
  update.act = static_cast<UserAct>(random.below(kUserActs));
  PreferenceState& said = update.said;
  said.genres = some(random, static_cast<std::int32_t>(catalog().genres().size()));
  said.not_genres = some(random, static_cast<std::int32_t>(catalog().genres().size()));
  if (random.chance(0.5)) said.years = Span{1950, 1950 + static_cast<std::int32_t>(random.below(70))};
  if (random.chance(0.5)) said.runtime = Span{0, static_cast<std::int32_t>(random.below(200))};
  said.popularity = static_cast<Popularity>(random.below(3));
  if (random.chance(0.3)) said.not_years = Span{1930, 1930 + static_cast<std::int32_t>(random.below(20))};
  if (random.chance(0.3)) said.either = {random.chance(0.5) ? Slot::kGenre : Slot::kPerson};
  if (random.chance(0.3)) said.min_rating = static_cast<std::int32_t>(random.below(101));
  if (random.chance(0.3)) said.age = static_cast<AgeRating>(random.below(kAgeRatings));
  if (random.chance(0.3)) said.keywords = {"christmas", "\"zombie\""};
  said.sort = static_cast<SortOrder>(random.below(kSortOrders));
  said.people = some(random, catalog().people_count());
  said.not_people = some(random, catalog().people_count());
  said.liked = some(random, catalog().size());
  said.disliked = some(random, catalog().size());
  said.seen = some(random, catalog().size());
  for (const std::int32_t slot : some(random, kSlots)) update.any.push_back(static_cast<Slot>(slot));
  for (const std::int32_t slot : some(random, kSlots)) update.drop.push_back(static_cast<Slot>(slot));
  if (random.chance(0.5)) update.asks = static_cast<Fact>(random.below(kFacts));
  update.about = some(random, catalog().size());
  update.pick = some(random, catalog().size());
  update.nth = static_cast<std::int32_t>(random.below(12)) - 1;
  update.count = static_cast<std::int32_t>(random.below(10));
  if (random.chance(0.3)) update.unknown = {"Parasite"};
  if (random.chance(0.3)) update.beyond = {static_cast<Beyond>(random.below(kBeyonds))};
  return update;
}

TEST(PreferenceState, JsonRoundTrip) {
  for (std::uint64_t i = 0; i < 500; ++i) {
    const PreferenceUpdate update = random_update(i);
    EXPECT_EQ(parse_preference_update(to_json(update, catalog()), catalog()), update) << to_json(update, catalog());
    EXPECT_EQ(parse_preference_state(to_json(update.said, catalog()), catalog()), update.said);
  }
}

TEST(PreferenceState, JsonHasKeysInOrderAndOnlyThoseThatSaySomething) {
  PreferenceUpdate update;
  EXPECT_EQ(to_json(update, catalog()), R"({"act":"inform"})");
  EXPECT_EQ(to_json(update.said, catalog()), "{}");
  update.act = UserAct::kReject;
  update.asks = Fact::kCast;
  update.drop = {Slot::kYears};
  update.any = {Slot::kRuntime, Slot::kGenre};
  update.said.seen = {movie("Heat (1995)")};
  update.said.people = {person("Al Pacino")};
  update.said.popularity = Popularity::kHidden;
  update.said.runtime = Span{0, 100};
  update.said.years = Span{1990, 1999};
  update.said.not_genres = {genre("Horror")};
  update.said.genres = {genre("Crime"), genre("Action")};
  EXPECT_EQ(to_json(update, catalog()),
            R"({"act":"reject","genres":["Crime","Action"],"not_genres":["Horror"],"years":"1990s",)"
            R"_("runtime":"up to 100","popularity":"hidden","people":["Al Pacino"],"seen":["Heat (1995)"],)_"
            R"("any":["runtime","genre"],"drop":["years"],"asks":"cast"})");
}

TEST(PreferenceState, UnknownThingsAreNamed) {
  const auto error = [&](const char* json) {
    return error_of([&] { (void)parse_preference_update(json, catalog()); });
  };
  EXPECT_EQ(error("[]"), "preferences: expected an object, found []");
  EXPECT_EQ(error(R"({"act":"inform","genre":["Crime"]})"), "preferences: unknown key \"genre\"; is \"genres\" meant?");
  EXPECT_EQ(error(R"({"act":"sing"})"), "preferences: act: unknown word \"sing\"");
  EXPECT_EQ(error(R"({"act":"inform","genres":["Opera"]})"),
            "preferences: genres[0]: the catalog has no genre \"Opera\"");
  EXPECT_EQ(error(R"({"act":"inform","people":["al pacino"]})"),
            "preferences: people[0]: the catalog has no person \"al pacino\"");
  EXPECT_EQ(error(R"({"act":"inform","liked":["Heat"]})"), "preferences: liked[0]: the catalog has no movie \"Heat\"");
  EXPECT_EQ(error(R"({"act":"inform","years":[1999,1990]})"),
            R"(preferences: years: expected 1994, "1990s", "since 1985" or [low,high], found [1999,1990])");
  EXPECT_EQ(error(R"({"act":"inform","runtime":90})"),
            R"(preferences: runtime: expected "up to 100", "at least 140" or [low,high], found 90)");
  EXPECT_EQ(error(R"({"act":"inform","runtime":"short"})"),
            R"(preferences: runtime: expected "up to 100", "at least 140" or [low,high], found "short")");
  EXPECT_EQ(error(R"({"act":"inform","popularity":"famous"})"),
            "preferences: popularity: expected popular or hidden, found \"famous\"");
  EXPECT_TRUE(error_of([&] {
                (void)parse_preference_state(R"({"act":"inform"})", catalog());
              }).starts_with("preferences: unknown key \"act\"; "));
  EXPECT_TRUE(error_of([&] {
                (void)parse_preference_state(R"({"actors_wanted":[]})", catalog());
              }).starts_with("preferences: unknown key \"actors_wanted\"; expected one of genres, not_genres, "));
  EXPECT_NE(error(R"({"genres":["Crime"]})"), "");
}

TEST(PreferenceState, ShortFormsOfListsAndYears) {
  const auto state = [&](const char* json) { return parse_preference_state(json, catalog()); };
  EXPECT_EQ(state(R"_({"genres":"Crime","liked":"Heat (1995)"})_"),
            state(R"_({"genres":["Crime"],"liked":["Heat (1995)"]})_"));
  EXPECT_EQ(state(fmt::format(R"({{"seen":"{}"}})", catalog().tconst(movie("Heat (1995)"))).c_str()).seen,
            std::vector{movie("Heat (1995)")});
  EXPECT_EQ(state(R"({"years":1990})").years, (Span{1990, 1990}));
  EXPECT_EQ(state(R"({"years":"1990"})").years, (Span{1990, 1990}));
  EXPECT_EQ(state(R"({"years":"1990s"})").years, (Span{1990, 1999}));
  EXPECT_EQ(state(R"({"years":"1990-1995"})").years, (Span{1990, 1995}));
}

TEST(PreferenceState, MergeAddsToListsAndOverwritesSpans) {
  PreferenceState state;
  PreferenceUpdate update;
  update.said.genres = {genre("Comedy")};
  update.said.years = Span{1990, 1999};
  merge(state, update);
  update.said.genres = {genre("Comedy"), genre("Romance")};
  update.said.years = Span{2000, 2009};
  merge(state, update);
  EXPECT_EQ(state.genres, (std::vector{genre("Comedy"), genre("Romance")}));
  EXPECT_EQ(state.years, (Span{2000, 2009}));
}

TEST(PreferenceState, WhatIsWantedIsNotUnwanted) {
  for (std::uint64_t i = 0; i < 300; ++i) {
    PreferenceState state;
    for (std::uint64_t turn = 0; turn < 4; ++turn) {
      PreferenceUpdate update = random_update(4 * i + turn);
      // A turn does not contradict itself.
      std::erase_if(update.said.not_genres, [&](GenreId id) { return std::ranges::count(update.said.genres, id) > 0; });
      std::erase_if(update.said.disliked, [&](MovieId id) { return std::ranges::count(update.said.liked, id) > 0; });
      merge(state, update);
      for (const GenreId id : state.genres) EXPECT_EQ(std::ranges::count(state.not_genres, id), 0);
      for (const MovieId id : state.liked) EXPECT_EQ(std::ranges::count(state.disliked, id), 0);
      for (const PersonId id : state.people) EXPECT_EQ(std::ranges::count(state.not_people, id), 0);
      // The last value counts.
      for (const GenreId id : update.said.genres) EXPECT_EQ(std::ranges::count(state.genres, id), 1);
      for (const GenreId id : update.said.not_genres) EXPECT_EQ(std::ranges::count(state.not_genres, id), 1);
      for (const MovieId id : update.said.seen) EXPECT_EQ(std::ranges::count(state.seen, id), 1);
      if (update.said.years) {
        EXPECT_EQ(state.years, update.said.years);
      }
    }
  }
}

TEST(PreferenceState, DropTakesBackBeforeTheNewValueHolds) {
  PreferenceState state;
  state.genres = {genre("Horror")};
  state.years = Span{1950, 1959};
  state.people = {person("Al Pacino")};
  PreferenceUpdate update;
  update.drop = {Slot::kGenre, Slot::kYears};
  update.said.genres = {genre("Comedy")};
  merge(state, update);
  EXPECT_EQ(state.genres, std::vector{genre("Comedy")});
  EXPECT_FALSE(state.years);
  EXPECT_EQ(state.people, std::vector{person("Al Pacino")});
}

TEST(PreferenceState, SlotValuesAreThePairsOfTheJson) {
  PreferenceUpdate update;
  update.said.genres = {genre("Crime"), genre("Drama")};
  update.said.years = Span{1990, 1999};
  update.any = {Slot::kPerson};
  const std::vector<std::pair<std::string, std::string>> wanted{
      {"genres", "Crime"}, {"genres", "Drama"}, {"years", "1990s"}, {"any", "person"}, {"act", "inform"}};
  EXPECT_EQ(slot_values(update, catalog()), wanted);
  EXPECT_EQ(slot_values(update.said, catalog()).size(), 3u);
}

TEST(PreferenceState, NamesAreFoundByName) {
  for (int i = 0; i < kSlots; ++i) EXPECT_EQ(slot_from_name(name_of(static_cast<Slot>(i))), static_cast<Slot>(i));
  for (int i = 0; i < kUserActs; ++i)
    EXPECT_EQ(user_act_from_name(name_of(static_cast<UserAct>(i))), static_cast<UserAct>(i));
  for (int i = 0; i < kFacts; ++i) EXPECT_EQ(fact_from_name(name_of(static_cast<Fact>(i))), static_cast<Fact>(i));
  EXPECT_FALSE(slot_from_name("genres"));
}

}  // namespace
}  // namespace matinee
