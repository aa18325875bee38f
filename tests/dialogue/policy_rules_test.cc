// The rules of the policy over random updates.
#include <gtest/gtest.h>

#include "lib/base/random.h"
#include "lib/dialogue/policy.h"
#include "tests/dialogue/policy_fixture.h"

namespace matinee {
namespace {

using testing::Acts;
using testing::find;
using testing::Kind;
using testing::offers_something;
using testing::PolicyTest;

// ---- Whatever is said

template <class Value>
std::vector<Value> some(Random& random, double probability, std::uint64_t below) {
  std::vector<Value> values;
  while (random.chance(probability) && values.size() < 3) values.push_back(static_cast<Value>(random.below(below)));
  return values;
}

PreferenceUpdate random_update(Random& random, const MovieCatalog& catalog) {
  PreferenceUpdate update;
  update.act = static_cast<UserAct>(random.below(kUserActs));
  const auto movies = static_cast<std::uint64_t>(catalog.size());
  update.said.genres = some<GenreId>(random, 0.3, catalog.genres().size());
  if (update.said.genres.size() > 1 && random.chance(0.5)) update.said.either = {Slot::kGenre};
  const auto year = static_cast<std::int32_t>(1920 + random.below(100));
  if (random.chance(0.2)) update.said.years = Span{year, year + static_cast<std::int32_t>(random.below(30))};
  if (random.chance(0.1)) update.said.runtime = Span{0, 100};
  if (random.chance(0.1)) update.said.popularity = Popularity::kPopular;
  update.said.seen = some<MovieId>(random, 0.1, movies);
  update.said.liked = some<MovieId>(random, 0.1, movies);
  update.said.disliked = some<MovieId>(random, 0.1, movies);
  update.any = some<Slot>(random, 0.1, kSlots);
  update.drop = some<Slot>(random, 0.1, kSlots);
  if (update.act == UserAct::kAsk || random.chance(0.05)) update.asks = static_cast<Fact>(random.below(kFacts));
  update.about = some<MovieId>(random, 0.05, movies);
  update.pick = some<MovieId>(random, 0.05, movies);
  if (random.chance(0.1)) update.nth = static_cast<std::int32_t>(random.below(7)) - 1;
  if (random.chance(0.1)) update.count = static_cast<std::int32_t>(random.below(12));
  if (random.chance(0.05)) update.unknown = {"Parasite"};
  update.beyond = some<Beyond>(random, 0.1, kBeyonds);
  if (random.chance(0.02)) {
    for (int slot = 0; slot < kSlots; ++slot) update.drop.push_back(static_cast<Slot>(slot));
  }
  return update;
}

TEST_F(PolicyTest, WhateverIsSaidTheRulesHold) {
  int offers_made = 0, relaxed = 0, questions = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    Random random(1, "policy", i);
    DialogueState talk;
    talk.seed = i;
    policy.open(talk);
    std::set<MovieId> offered;
    int asked_since_offer = 0;
    for (int turn = 0; turn < 30; ++turn) {
      const PreferenceUpdate update = random_update(random, catalog);
      const Acts acts = policy.next(talk, update);
      ASSERT_FALSE(acts.empty()) << to_json(update, catalog);
      const SystemAct* relax = find(acts, Kind::kRelax);
      for (const SystemAct& one : acts) {
        if (one.kind == Kind::kAsk) ++asked_since_offer, ++questions;
        if (one.kind == Kind::kClose) {
          EXPECT_EQ(&one, &acts.back());
        }
        if (one.kind != Kind::kRecommend && one.kind != Kind::kList) continue;
        EXPECT_EQ(one.movie, one.candidates.front().movie);
        EXPECT_EQ(one.candidates.size() > 1, one.kind == Kind::kList);
        asked_since_offer = 0;
        for (const Candidate& candidate : one.candidates) {
          ++offers_made;
          EXPECT_TRUE(offered.insert(candidate.movie).second) << "offered twice";
          for (const auto* known : {&talk.preferences.seen, &talk.preferences.disliked, &talk.preferences.liked})
            EXPECT_EQ(std::ranges::count(*known, candidate.movie), 0) << "known";
          for (const BrokenWish& wish : ranker.broken(talk.preferences, candidate.movie)) {
            if (wish.unknown) continue;
            ++relaxed;
            EXPECT_TRUE(relax != nullptr && std::ranges::count(relax->broken, wish) > 0) << "broken without a word";
          }
        }
      }
      EXPECT_LE(asked_since_offer, 1);
      EXPECT_EQ(talk.finished, acts.back().kind == Kind::kClose);
      const bool wishes =
          !update.said.genres.empty() && update.act != UserAct::kLeave && update.act != UserAct::kAccept;
      EXPECT_TRUE(!wishes || offers_something(acts)) << to_json(update, catalog);
    }
  }
  EXPECT_GT(offers_made, 500);
  EXPECT_GT(relaxed, 30);
  EXPECT_GT(questions, 30);
}

}  // namespace
}  // namespace matinee
