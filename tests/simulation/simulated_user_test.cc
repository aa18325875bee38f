#include "lib/simulation/simulated_user.h"

#include <gtest/gtest.h>

#include <map>

#include "lib/catalog/fold_name.h"
#include "lib/simulation/wish_check.h"
#include "tests/simulation/sample_talks.h"

namespace matinee {
namespace {

using testing::FullCatalog;
using testing::SampleTalks;

// Except for mistakes, the update is true of the target. Of alternatives, one is.
void expect_true(const MovieCatalog& catalog, MovieId target, const PreferenceState& said) {
  const std::vector<Slot> broken = broken_slots(catalog, said, target);
  EXPECT_TRUE(broken.empty()) << name_of(broken.front()) << " " << to_json(said, catalog) << " of "
                              << catalog.display_name(target);
  for (const auto* movies : {&said.liked, &said.disliked, &said.seen})
    EXPECT_EQ(std::ranges::count(*movies, target), 0);
}

UserTurn reply(SimulatedUser& user, const SystemAct& act) { return user.respond({&act, 1}); }

// After the opening.
UserTurn greeted(SimulatedUser& user) { return reply(user, {.kind = SystemActKind::kGreet}); }

TEST(SimulatedUser, SaysWhatIsTrueOfTheTarget) {
  const FullCatalog& world = FullCatalog::get();
  const Phrasebook phrasebook = Phrasebook::built_in();
  for (std::uint64_t index = 0; index < 300; ++index) {
    const auto persona = static_cast<Persona>(index % kPersonas);
    if (persona == Persona::kChangeable) continue;
    SimulatedUser user(world.facts, phrasebook, world.finder, static_cast<MovieId>(index), persona,
                       Random(3, "test", index));
    for (int turn = 0; turn < 8; ++turn) {
      const MovieId offered = static_cast<MovieId>(index * 7 + static_cast<std::uint64_t>(turn) * 31) % 600;
      const UserTurn said = turn == 0  ? greeted(user)
                            : turn < 4 ? reply(user, {.kind = SystemActKind::kAsk, .slot = static_cast<Slot>(turn)})
                                       : reply(user, {.kind = SystemActKind::kRecommend, .movie = offered});
      expect_true(world.catalog, user.target(), said.update.said);
      if (said.update.act == UserAct::kLeave || said.update.act == UserAct::kAccept) break;
    }
  }
}

TEST(SimulatedUser, TakesOnlyWhatMeetsAllWishes) {
  const FullCatalog& world = FullCatalog::get();
  const Phrasebook phrasebook = Phrasebook::built_in();
  int taken = 0, targets = 0;
  for (std::uint64_t index = 0; index < 200; ++index) {
    SimulatedUser user(world.facts, phrasebook, world.finder, static_cast<MovieId>(index * 3), Persona::kVolunteer,
                       Random(5, "test", index));
    greeted(user);
    EXPECT_TRUE(user.would_accept(user.target()));
    Random random(5, "offers", index);
    for (int turn = 0; turn < 12; ++turn) {
      const MovieId movie = turn == 11 ? user.target() : static_cast<MovieId>(random.below(600));
      const bool fits = user.would_accept(movie);
      const UserTurn said = reply(user, {.kind = SystemActKind::kRecommend, .movie = movie});
      if (said.update.act == UserAct::kLeave) break;
      if (said.update.act != UserAct::kAccept) continue;
      ++taken;
      EXPECT_TRUE(fits) << said.text;
      EXPECT_TRUE(user.satisfied());
      targets += movie == user.target();
      break;
    }
  }
  EXPECT_GT(taken, 100);
  EXPECT_GT(targets, 90) << "random movies are rarely taken";
}

TEST(SimulatedUser, TakesTheFittingMovieOfAList) {
  const FullCatalog& world = FullCatalog::get();
  const Phrasebook phrasebook = Phrasebook::built_in();
  int nth = 0, named = 0;
  for (std::uint64_t index = 0; index < 200; ++index) {
    SimulatedUser user(world.facts, phrasebook, world.finder, static_cast<MovieId>(index * 3), Persona::kTerse,
                       Random(6, "test", index));
    greeted(user);
    SystemAct list{.kind = SystemActKind::kList};
    const std::size_t place = index % 3;
    for (std::size_t i = 0; i < 3; ++i)
      list.candidates.push_back(
          {i == place ? user.target() : static_cast<MovieId>((index * 11 + i * 101) % 600), 0, {}});
    const UserTurn said = reply(user, list);
    if (said.update.act != UserAct::kAccept) continue;
    const std::int32_t chosen = said.update.nth;
    nth += chosen != 0;
    named += !said.update.pick.empty();
    if (chosen == 0) continue;
    const MovieId movie = list.candidates[chosen < 0 ? 2 : static_cast<std::size_t>(chosen) - 1].movie;
    EXPECT_TRUE(movie == user.target() || chosen != static_cast<std::int32_t>(place) + 1) << said.text;
  }
  EXPECT_GT(nth, 100);
  EXPECT_EQ(named, 0) << "the target is not named";
}

// Every kind of wish of the issue occurs, with its meaning.
TEST(SimulatedUser, SaysEveryKindOfWish) {
  const SampleTalks& world = SampleTalks::get();
  std::map<std::string, int> seen;
  for (std::uint64_t index = 0; index < 900; ++index) {
    for (const Exchange& exchange : world.talk(7, index).exchanges) {
      const PreferenceUpdate& update = exchange.update;
      const PreferenceState& said = update.said;
      if (exchange.user_text.empty()) continue;
      for (const Slot slot : said.either) ++seen[std::string("either ") + name_of(slot)];
      for (const Beyond beyond : update.beyond) ++seen[std::string("beyond ") + name_of(beyond)];
      if (update.asks) ++seen[std::string("asks ") + name_of(*update.asks)];
      seen["two genres"] += said.genres.size() > 1;
      seen["genre and movie"] += !said.genres.empty() && !said.liked.empty();
      seen["two people"] += said.people.size() > 1;
      seen["three movies"] += said.liked.size() > 2;
      seen["two decades"] += said.years && said.years->high - said.years->low == 19;
      seen["not years"] += said.not_years.has_value();
      seen["runtime"] += said.runtime.has_value();
      seen["age"] += said.age.has_value();
      seen["rating"] += said.min_rating.has_value();
      seen["keyword"] += !said.keywords.empty();
      seen["sort"] += said.sort != SortOrder::kNone;
      seen["count"] += update.count != 0;
      seen["pick"] += !update.pick.empty();
      seen["about"] += !update.about.empty();
      seen["unknown"] += !update.unknown.empty();
      seen["restart"] += update.drop.size() == kSlots;
      seen["reaction and wish"] += update.act == UserAct::kInform && !said.seen.empty() && said.years.has_value();
    }
  }
  for (int fact = 0; fact < kFacts; ++fact) EXPECT_GT(seen[std::string("asks ") + name_of(static_cast<Fact>(fact))], 0);
  for (int beyond = 0; beyond < kBeyonds; ++beyond)
    EXPECT_GT(seen[std::string("beyond ") + name_of(static_cast<Beyond>(beyond))], 0);
  for (const char* kind : {"either genre", "either person", "two genres", "genre and movie", "two people",
                           "three movies", "two decades", "not years", "runtime", "age", "rating", "keyword", "sort",
                           "count", "pick", "about", "unknown", "restart", "reaction and wish"})
    EXPECT_GT(seen[kind], 2) << kind;
}

// The catalog of the sample has few running times; users ask for them all the same.
TEST(SimulatedUser, WhatTheCatalogLacksHasValuesOfItsOwnKind) {
  const SampleTalks& world = SampleTalks::get();
  int lengths = 0;
  for (MovieId target = 0; target < 200; ++target) {
    if (world.catalog.runtime(target) != kUnknown) continue;
    Random random(1, "lengths"), again(2, "lengths");
    TargetWishes one(world.facts, world.phrasebook, target, {}, random);
    TargetWishes other(world.facts, world.phrasebook, target, {}, again);
    const auto first = one.about(Slot::kRuntime), second = other.about(Slot::kRuntime);
    ASSERT_TRUE(first && second);
    ++lengths;
    const Span a = *first->update.said.runtime, b = *second->update.said.runtime;
    EXPECT_TRUE(a.low <= b.high && b.low <= a.high) << "two users of one target agree";
  }
  EXPECT_GT(lengths, 100);
}

TEST(SimulatedUser, MistakesAreTakenBack) {
  const FullCatalog& world = FullCatalog::get();
  const Phrasebook phrasebook = Phrasebook::built_in();
  int corrections = 0, agreeing = 0, talks = 0;
  for (std::uint64_t index = 0; index < 60; ++index) {
    const auto target = static_cast<MovieId>(index * 9);
    SimulatedUser user(world.facts, phrasebook, world.finder, target, Persona::kChangeable, Random(1, "test", index));
    PreferenceState state;
    greeted(user);
    for (const Slot slot : {Slot::kGenre, Slot::kYears, Slot::kPerson, Slot::kPopularity}) {
      const UserTurn turn = reply(user, {.kind = SystemActKind::kAsk, .slot = slot});
      merge(state, turn.update);
      corrections += !turn.update.drop.empty();
    }
    ++talks;
    // There are at most two mistakes, in the first two answers. By now both are corrected.
    expect_true(world.catalog, target, state);
    agreeing += !state.genres.empty();
  }
  EXPECT_GT(corrections, talks / 2);
  EXPECT_GT(agreeing, talks / 3);
}

TEST(SimulatedUser, NeverNamesTheTarget) {
  const SampleTalks& world = SampleTalks::get();
  for (std::uint64_t index = 0; index < 200; ++index) {
    const Conversation talk = world.talk(4, index);
    const std::string title = fold_name(world.catalog.title(talk.target));
    if (title.size() < 4) continue;  // "It"
    for (const Exchange& exchange : talk.exchanges) {
      const std::string text = " " + fold_name(exchange.user_text) + " ";
      EXPECT_EQ(text.find(" " + title + " "), std::string::npos) << exchange.user_text;
    }
  }
}

TEST(SimulatedUser, NeverNamesATitleThatIsAGenreOrAYear) {
  // Titles made of words that the phrases often use.
  const SampleTalks& world = SampleTalks::get();
  int tried = 0;
  for (MovieId target = 0; target < world.catalog.size(); ++target) {
    const std::string title = fold_name(world.catalog.title(target));
    const bool year = title.size() == 4 && title == std::to_string(world.catalog.year(target));
    const bool word = title == "drama" || title == "musical" || title == "magic" || title == "perfect" ||
                      title == "funny people" || title == "crime" || title == "sure" || title == "maybe";
    if ((!year && !word) || world.catalog.genres_of(target).empty()) continue;
    ++tried;
    for (std::uint64_t index = 0; index < 30; ++index) {
      SimulatedUser user(world.facts, world.phrasebook, world.finder, target, Persona::kTerse,
                         Random(1, "test", index));
      for (const Slot slot : {Slot::kGenre, Slot::kYears}) {
        const std::string text = reply(user, {.kind = SystemActKind::kAsk, .slot = slot}).text;
        EXPECT_EQ((" " + fold_name(text) + " ").find(" " + title + " "), std::string::npos) << text;
      }
    }
  }
  EXPECT_GT(tried, 0);
}

TEST(SimulatedUser, WordsThatCompareAreTrueOfTheTarget) {
  const FullCatalog& world = FullCatalog::get();
  const Phrasebook phrasebook = Phrasebook::built_in();
  Random random(1, "ages");
  std::map<std::string, int> said;
  for (MovieId target = 0; target < 500; ++target) {
    TargetWishes wishes(world.facts, phrasebook, target, {}, random);
    const MovieId other = target + 40;
    const auto wish = wishes.relative(other);
    if (!wish) continue;
    const PreferenceState& is = wish->update.said;
    EXPECT_TRUE(meets(world.catalog, is, target)) << wish->slots.at("relative");
    if (!wish->update.beyond.empty()) continue;  // how it feels
    // The other movie is not like that; between popular and hidden, many are neither.
    EXPECT_TRUE(is.popularity != Popularity::kAny || !meets(world.catalog, is, other)) << wish->slots.at("relative");
    said["years"] += is.years.has_value();
    said["genre"] += !is.genres.empty();
    said["runtime"] += is.runtime.has_value();
    said["popularity"] += is.popularity != Popularity::kAny;
  }
  for (const char* kind : {"years", "genre", "runtime", "popularity"}) EXPECT_GT(said[kind], 10) << kind;
}

TEST(SimulatedUser, ComparesWithMoviesThatAreAlike) {
  const SampleTalks& world = SampleTalks::get();
  Random random(1, "comparisons");
  int liked = 0, disliked = 0, two = 0;
  for (MovieId target = 0; target < 300; ++target) {
    TargetWishes wishes(world.facts, world.phrasebook, target, {}, random);
    const auto wish = wishes.comparison();
    if (!wish) continue;
    for (const MovieId movie : wish->update.said.liked)
      EXPECT_EQ(likeness(world.catalog, movie, target), Likeness::kAlike);
    for (const MovieId movie : wish->update.said.disliked)
      EXPECT_EQ(likeness(world.catalog, movie, target), Likeness::kUnlike);
    liked += !wish->update.said.liked.empty();
    disliked += !wish->update.said.disliked.empty();
    two += wish->update.said.liked.size() >= 2;
  }
  EXPECT_GT(liked, 100);
  EXPECT_GT(disliked, 20);
  EXPECT_GT(two, 30);
}

TEST(SimulatedUser, NamesMeanWhomTheyShould) {
  // The best match of each name is the person of the update, even for half names and typing errors.
  const SampleTalks& world = SampleTalks::get();
  int named = 0;
  for (std::uint64_t index = 0; index < 200; ++index) {
    const Conversation talk = world.talk(6, index);
    for (const Exchange& exchange : talk.exchanges) {
      std::vector<PersonId> people = exchange.update.said.people;
      people.insert(people.end(), exchange.update.said.not_people.begin(), exchange.update.said.not_people.end());
      // "The same director" names nobody.
      if (people.size() != 1 || exchange.user_text.find(" director") != std::string::npos ||
          exchange.user_text.find(" actor") != std::string::npos)
        continue;
      ++named;
      const auto mentions = world.finder.find(exchange.user_text);
      const auto first =
          std::ranges::find_if(mentions, [](const Mention& m) { return m.kind == MentionKind::kPerson; });
      ASSERT_NE(first, mentions.end()) << exchange.user_text;
      EXPECT_TRUE(first->id == people[0] ||
                  std::ranges::any_of(mentions, [&](const Mention& m) { return m.id == people[0]; }))
          << exchange.user_text;
    }
  }
  EXPECT_GT(named, 50);
}

TEST(SimulatedUser, PersonasDiffer) {
  const FullCatalog& world = FullCatalog::get();
  const Phrasebook phrasebook = Phrasebook::built_in();
  std::map<Persona, double> said, unwanted, questions, unsure;
  for (int i = 0; i < kPersonas; ++i) {
    const auto persona = static_cast<Persona>(i);
    for (std::uint64_t index = 0; index < 60; ++index) {
      SimulatedUser user(world.facts, phrasebook, world.finder, static_cast<MovieId>(index * 9), persona,
                         Random(1, "test", index));
      const UserTurn opening = greeted(user);
      const UserTurn answer = reply(user, {.kind = SystemActKind::kAsk, .slot = Slot::kGenre});
      said[persona] += static_cast<double>(slot_values(opening.update.said, world.catalog).size());
      unsure[persona] += answer.update.act == UserAct::kUnsure;
      for (const PreferenceState* state : {&opening.update.said, &answer.update.said})
        unwanted[persona] += static_cast<double>(state->not_genres.size());
      const UserTurn reaction = reply(user, {.kind = SystemActKind::kRecommend, .movie = 1});
      questions[persona] += reaction.update.act == UserAct::kAsk;
    }
  }
  EXPECT_GT(said[Persona::kVolunteer], 1.15 * said[Persona::kTerse]);
  EXPECT_GT(unwanted[Persona::kPicky], 20);
  EXPECT_LT(unwanted[Persona::kTerse], 10);
  EXPECT_GT(unsure[Persona::kUndecided], 20);
  EXPECT_GT(questions[Persona::kCurious], 20);
  EXPECT_LT(questions[Persona::kTerse], 15);
}

}  // namespace
}  // namespace matinee
