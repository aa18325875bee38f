#include "lib/dialogue/policy.h"

#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "tests/dialogue/full_catalog.h"

namespace matinee {
namespace {

using testing::FullCatalog;
using testing::SampleWorld;

PreferenceUpdate act(UserAct what) {
  PreferenceUpdate update;
  update.act = what;
  return update;
}

// A random update.
PreferenceUpdate random_answer(Random& random, const MovieCatalog& catalog) {
  PreferenceUpdate update;
  update.act = static_cast<UserAct>(random.below(kUserActs));
  if (update.act == UserAct::kLeave) update.act = UserAct::kMore;
  const auto movie = static_cast<MovieId>(random.below(static_cast<std::uint64_t>(catalog.size())));
  if (random.chance(0.3)) update.said.genres = {static_cast<GenreId>(random.below(catalog.genres().size()))};
  if (random.chance(0.2)) update.said.years = Span{1980, 2010};
  if (random.chance(0.1)) update.said.seen = {movie};
  if (random.chance(0.1)) update.said.disliked = {movie};
  if (random.chance(0.1)) update.any = {static_cast<Slot>(random.below(kSlots))};
  if (random.chance(0.1)) update.drop = {static_cast<Slot>(random.below(kSlots))};
  if (update.act == UserAct::kAsk) update.asks = static_cast<Fact>(random.below(kFacts));
  if (update.act == UserAct::kAccept && random.chance(0.8)) update.act = UserAct::kReject;
  return update;
}

TEST(Policy, WhateverIsSaidNothingIsAskedOrRecommendedTwice) {
  const SampleWorld& world = SampleWorld::get();
  int closings = 0;
  for (std::uint64_t i = 0; i < 60; ++i) {
    Random random(1, "policy", i);
    DialogueState state;
    auto acts = world.policy.open(state);
    ASSERT_EQ(acts.size(), 2u);
    EXPECT_EQ(acts[0].kind, SystemActKind::kGreet);
    std::set<Slot> asked;
    std::set<MovieId> recommended, opinions, known;
    for (int turn = 0; turn < 30 && !state.finished; ++turn) {
      ASSERT_FALSE(acts.empty());
      const SystemAct& last = acts.back();
      if (last.kind == SystemActKind::kAsk) {
        EXPECT_TRUE(asked.insert(last.slot).second);
      }
      if (last.kind == SystemActKind::kAskOpinion) {
        EXPECT_TRUE(opinions.insert(last.movie).second);
      }
      if (last.kind == SystemActKind::kRecommend) {
        EXPECT_TRUE(recommended.insert(last.movie).second);
        EXPECT_FALSE(known.contains(last.movie));
        EXPECT_EQ(last.movie, last.candidates.front().movie);
      }
      const PreferenceUpdate update = random_answer(random, world.catalog);
      known.insert(update.said.seen.begin(), update.said.seen.end());
      known.insert(update.said.disliked.begin(), update.said.disliked.end());
      acts = world.policy.next(state, update);
    }
    closings += state.finished;
    if (state.finished) {
      EXPECT_EQ(acts.back().kind, SystemActKind::kClose);
      EXPECT_TRUE(acts.back().accepted);
    } else {
      EXPECT_GT(recommended.size(), 5u);
    }
  }
  EXPECT_GT(closings, 5);
}

TEST(Policy, NeverAsksTheUnanswerable) {
  // The sample has few running times, the full catalog has all.
  const auto asks = [](const Policy& policy, Slot slot) {
    DialogueState state;
    auto acts = policy.open(state);
    for (int turn = 0; turn < 10 && acts.back().kind == SystemActKind::kAsk; ++turn) {
      if (acts.back().slot == slot) return true;
      PreferenceUpdate update = act(UserAct::kUnsure);
      update.any = {acts.back().slot};
      acts = policy.next(state, update);
    }
    return false;
  };
  const Policy& sample = SampleWorld::get().policy;
  EXPECT_FALSE(asks(sample, Slot::kRuntime));
  EXPECT_TRUE(asks(sample, Slot::kYears));
  EXPECT_TRUE(asks(sample, Slot::kPerson));
  EXPECT_TRUE(asks(sample, Slot::kPopularity));
  EXPECT_TRUE(asks(FullCatalog::get().policy, Slot::kRuntime));
}

TEST(Policy, GainIsWhatNarrowsTheCandidates) {
  const SampleWorld& world = SampleWorld::get();
  PreferenceState nothing;
  const auto all = world.ranker.viable(nothing, {});
  EXPECT_EQ(world.policy.gain(Slot::kRuntime, all), 0);
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

TEST(Policy, ReactsToWhatTheUserDoes) {
  const SampleWorld& world = SampleWorld::get();
  DialogueState state;
  (void)world.policy.open(state);
  auto acts = world.policy.next(state, act(UserAct::kMore));
  ASSERT_EQ(acts.back().kind, SystemActKind::kRecommend) << "who wants a recommendation gets one";
  const MovieId movie = acts.back().movie;
  EXPECT_EQ(acts.back().candidates.size(), 3u);

  PreferenceUpdate question = act(UserAct::kAsk);
  question.asks = Fact::kDirector;
  acts = world.policy.next(state, question);
  EXPECT_EQ(acts.back().kind, SystemActKind::kAnswer);
  EXPECT_EQ(acts.back().movie, movie);
  EXPECT_EQ(acts.back().fact, Fact::kDirector);

  acts = world.policy.next(state, act(UserAct::kWhy));
  EXPECT_EQ(acts.back().kind, SystemActKind::kExplain);
  EXPECT_EQ(acts.back().movie, movie);

  DialogueState leaving = state;
  acts = world.policy.next(leaving, act(UserAct::kLeave));
  EXPECT_EQ(acts.back().kind, SystemActKind::kClose);
  EXPECT_FALSE(acts.back().accepted);
  EXPECT_TRUE(leaving.finished);

  acts = world.policy.next(state, act(UserAct::kAccept));
  EXPECT_EQ(acts.back().kind, SystemActKind::kClose);
  EXPECT_TRUE(acts.back().accepted);
  EXPECT_EQ(acts.back().movie, movie);
  EXPECT_TRUE(state.finished);
}

TEST(Policy, SmallTalkIsAnsweredAndTheTalkGoesOn) {
  const SampleWorld& world = SampleWorld::get();
  DialogueState state;
  (void)world.policy.open(state);
  const std::set<Slot> asked = state.asked;
  auto acts = world.policy.next(state, act(UserAct::kOther));
  ASSERT_EQ(acts.size(), 2u);
  EXPECT_EQ(acts[0].kind, SystemActKind::kHelp);
  EXPECT_EQ(acts[0].movie, -1);
  EXPECT_EQ(acts[1].kind, SystemActKind::kAsk);
  EXPECT_FALSE(asked.contains(acts[1].slot)) << "what was asked is not asked again";
  EXPECT_EQ(world.policy.next(state, act(UserAct::kOther)).size(), 1u) << "help comes once in a row";

  // A recommendation stays pending.
  const MovieId movie = world.policy.next(state, act(UserAct::kMore)).back().movie;
  acts = world.policy.next(state, act(UserAct::kOther));
  ASSERT_EQ(acts.size(), 1u);
  EXPECT_EQ(acts[0].kind, SystemActKind::kHelp);
  EXPECT_EQ(acts[0].movie, movie);
  acts = world.policy.next(state, act(UserAct::kAccept));
  EXPECT_TRUE(acts.back().accepted);
  EXPECT_EQ(acts.back().movie, movie);
}

TEST(Policy, AcceptingWhatWasOnlyAskedAboutIsAnOpinion) {
  const SampleWorld& world = SampleWorld::get();
  for (const UserAct what : {UserAct::kAccept, UserAct::kReject}) {
    DialogueState state;
    auto acts = world.policy.open(state);
    while (acts.back().kind == SystemActKind::kAsk) {
      PreferenceUpdate update = act(UserAct::kUnsure);
      update.any = {acts.back().slot};
      acts = world.policy.next(state, update);
    }
    ASSERT_EQ(acts.back().kind, SystemActKind::kAskOpinion);
    const MovieId movie = acts.back().movie;
    EXPECT_EQ(popularity_of(world.catalog, movie), Popularity::kPopular);
    (void)world.policy.next(state, act(what));
    EXPECT_FALSE(state.finished);
    EXPECT_EQ(what == UserAct::kAccept ? state.preferences.liked : state.preferences.disliked, std::vector{movie});
  }
}

TEST(Policy, ClosesWhenEverythingWasRecommended) {
  const SampleWorld& world = SampleWorld::get();
  DialogueState state;
  (void)world.policy.open(state);
  for (MovieId movie = 0; movie < world.catalog.size(); ++movie) state.preferences.seen.push_back(movie);
  const auto acts = world.policy.next(state, act(UserAct::kMore));
  EXPECT_EQ(acts.back().kind, SystemActKind::kClose);
  EXPECT_FALSE(acts.back().accepted);
  EXPECT_TRUE(state.finished);
}

}  // namespace
}  // namespace matinee
