// Offers, questions, and wishes that no movie meets.
#include "lib/dialogue/policy.h"

#include <gtest/gtest.h>

#include "tests/dialogue/full_catalog.h"
#include "tests/dialogue/policy_fixture.h"

namespace matinee {
namespace {

using testing::act;
using testing::Acts;
using testing::find;
using testing::FullCatalog;
using testing::Kind;
using testing::kinds;
using testing::PolicyTest;
using testing::SampleWorld;

// ---- Offers at once

TEST_F(PolicyTest, OpensWithAnInvitation) {
  DialogueState fresh;
  EXPECT_EQ(kinds(policy.open(fresh)), (std::vector{Kind::kGreet, Kind::kAsk}));
  EXPECT_TRUE(fresh.asked.contains(Slot::kGenre));
}

TEST_F(PolicyTest, EveryKindOfWishGetsAMovieAtOnce) {
  std::vector<PreferenceUpdate> wishes{wish("Comedy"), act(UserAct::kMore), act(UserAct::kUnsure),
                                       act(UserAct::kInform)};
  for (int i = 0; i < 7; ++i) {
    PreferenceUpdate update;
    PreferenceState& said = update.said;
    if (i == 0) said.years = Span{1990, 1999};
    if (i == 1) said.people = {catalog.cast(0)[0]};
    if (i == 2) said.liked = {4};
    if (i == 3) said.not_genres = {genre("Comedy")};
    if (i == 4) update.any = {Slot::kGenre};
    if (i == 5) update.unknown = {"Parasite"};
    if (i == 6) update.beyond = {Beyond::kTheme};
    wishes.push_back(update);
  }
  for (const PreferenceUpdate& update : wishes) {
    DialogueState fresh;
    policy.open(fresh);
    const Acts acts = policy.next(fresh, update);
    const SystemAct* offer = find(acts, Kind::kRecommend);
    ASSERT_NE(offer, nullptr) << to_json(update, catalog);
    EXPECT_EQ(offer->movie, offer->candidates.front().movie);
    EXPECT_EQ(fresh.under_discussion, offer->movie);
  }
}

TEST_F(PolicyTest, AsManyAsAreAskedForAreListed) {
  for (const int count : {2, 3, 5, 10, 50}) {
    DialogueState fresh;
    PreferenceUpdate update = act(UserAct::kMore);
    update.count = count;
    const Acts acts = policy.next(fresh, update);
    const SystemAct* list = find(acts, Kind::kList);
    ASSERT_NE(list, nullptr);
    EXPECT_EQ(list->candidates.size(), static_cast<std::size_t>(std::min(count, 10)));
    std::set<MovieId> different;
    for (const Candidate& candidate : list->candidates) different.insert(candidate.movie);
    EXPECT_EQ(different.size(), list->candidates.size());
    EXPECT_EQ(fresh.last_list.size(), list->candidates.size());
  }
  PreferenceUpdate one = act(UserAct::kMore);
  one.count = 1;
  EXPECT_NE(find(next(one), Kind::kRecommend), nullptr);
}

TEST_F(PolicyTest, AWideWishGetsAShortListWithEachAlternative) {
  PreferenceUpdate update;
  update.said.genres = {genre("Animation"), genre("Thriller")};
  update.said.either = {Slot::kGenre};
  Acts acts = next(update);
  const SystemAct* list = find(acts, Kind::kList);
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->candidates.size(), 3u);
  for (const GenreId wanted : update.said.genres) {
    EXPECT_TRUE(std::ranges::any_of(list->candidates, [&](const Candidate& candidate) {
      return (catalog.genre_mask(candidate.movie) >> wanted & 1) != 0;
    })) << wanted;
  }
  EXPECT_NE(find(next(UserAct::kMore), Kind::kRecommend), nullptr) << "one at a time from here on";

  DialogueState fresh;
  PreferenceUpdate famous;
  famous.said.popularity = Popularity::kPopular;
  EXPECT_NE(find(policy.next(fresh, famous), Kind::kList), nullptr);
  fresh = {};
  famous.said.genres = {genre("Horror")};
  EXPECT_NE(find(policy.next(fresh, famous), Kind::kRecommend), nullptr);
}

// ---- Questions

TEST_F(PolicyTest, AQuestionFollowsTheOfferInEverySecondTurnAtMost) {
  std::set<Slot> asked{Slot::kGenre};
  bool before = false, any = false;
  for (int turn = 0; turn < 20; ++turn) {
    const Acts acts = next(turn == 0 ? wish("Drama") : act(UserAct::kMore));
    ASSERT_NE(find(acts, Kind::kRecommend), nullptr);
    const SystemAct* question = find(acts, Kind::kAsk);
    if (question != nullptr) {
      EXPECT_EQ(&acts.back(), question) << "after the offer";
      EXPECT_TRUE(asked.insert(question->slot).second) << "each slot once";
      EXPECT_FALSE(before);
      any = true;
    }
    before = question != nullptr;
  }
  EXPECT_TRUE(any);
  EXPECT_LE(asked.size(), 5u);
}

TEST_F(PolicyTest, WhatIsKnownOrUnimportantIsNotAsked) {
  PreferenceUpdate update;
  update.said.genres = {genre("Drama")};
  update.said.popularity = Popularity::kPopular;
  update.any = {Slot::kPerson, Slot::kRuntime, Slot::kAge};
  for (int turn = 0; turn < 8; ++turn) {
    const Acts acts = next(turn == 0 ? update : act(UserAct::kMore));
    if (const SystemAct* question = find(acts, Kind::kAsk)) {
      EXPECT_EQ(question->slot, Slot::kYears);
    }
  }
  EXPECT_TRUE(state.asked.contains(Slot::kYears));
}

TEST_F(PolicyTest, NeverAsksTheUnanswerable) {
  // The full catalog has all running times and no age ratings.
  const auto asks = [](const Policy& asking, Slot slot) {
    DialogueState fresh;
    asking.open(fresh);
    for (int turn = 0; turn < 12; ++turn) (void)asking.next(fresh, act(UserAct::kMore));
    return fresh.asked.contains(slot);
  };
  EXPECT_FALSE(asks(FullCatalog::get().policy, Slot::kAge));
  EXPECT_TRUE(asks(policy, Slot::kYears));
  EXPECT_TRUE(asks(FullCatalog::get().policy, Slot::kRuntime));
}

TEST(Policy, GainIsWhatNarrowsTheCandidates) {
  const SampleWorld& world = SampleWorld::get();
  PreferenceState nothing;
  const auto all = world.ranker.viable(nothing, {});
  const FullCatalog& full = FullCatalog::get();
  EXPECT_EQ(full.policy.gain(Slot::kAge, full.ranker.viable(nothing, {})), 0) << "it has no age ratings";
  for (const Slot slot : {Slot::kGenre, Slot::kYears, Slot::kPopularity, Slot::kPerson})
    EXPECT_GT(world.policy.gain(slot, all), 0.2) << name_of(slot);
  // Within one decade, the years give no information.
  nothing.years = Span{1990, 1999};
  const auto nineties = world.ranker.viable(nothing, {});
  EXPECT_LT(world.policy.gain(Slot::kYears, nineties), 1e-9);
  EXPECT_EQ(world.policy.gain(Slot::kGenre, MovieSet(world.catalog.size())), 0);
  MovieSet one(world.catalog.size());
  one.insert(0);
  EXPECT_EQ(world.policy.gain(Slot::kPerson, one), 0);
}

// ---- Wishes that no movie meets

TEST_F(PolicyTest, WhereNoMovieMeetsAllWishesItSaysWhich) {
  PreferenceUpdate update = wish("Drama");
  update.said.years = Span{1900, 1901};
  const Acts acts = next(update);
  EXPECT_EQ(kinds(acts), (std::vector{Kind::kRelax, Kind::kRecommend})) << "and asks nothing more";
  EXPECT_EQ(acts[0].broken, ranker.broken(state.preferences, acts[1].movie));
  EXPECT_EQ(acts[0].broken.size(), 1u);
  EXPECT_EQ(find(next(UserAct::kMore), Kind::kRelax) != nullptr, true) << "the next breaks it, too";
}

TEST_F(PolicyTest, WhatTheCatalogDoesNotKnowIsSaidOnce) {
  PreferenceUpdate update = wish("Comedy");
  update.said.runtime = Span{0, 30};  // all that the sample knows are longer
  Acts acts = next(update);
  const SystemAct* relax = find(acts, Kind::kRelax);
  ASSERT_NE(relax, nullptr);
  EXPECT_TRUE(relax->broken.front().unknown);
  EXPECT_EQ(relax->broken.front().slot, Slot::kRuntime);
  acts = next(UserAct::kMore);
  EXPECT_EQ(find(acts, Kind::kRelax), nullptr);
  EXPECT_NE(find(acts, Kind::kRecommend), nullptr);
}

}  // namespace
}  // namespace matinee
