#include "lib/dialogue/simulated_user.h"

#include <gtest/gtest.h>

#include <map>

#include "lib/catalog/fold_name.h"
#include "tests/dialogue/full_catalog.h"

namespace matinee {
namespace {

using testing::FullCatalog;
using testing::SampleWorld;

// Except for mistakes, the update is true of the target.
void expect_true(const MovieCatalog& catalog, MovieId target, const PreferenceState& said) {
  for (const GenreId genre : said.genres) EXPECT_EQ(catalog.genre_mask(target) >> genre & 1, 1u);
  for (const GenreId genre : said.not_genres) EXPECT_EQ(catalog.genre_mask(target) >> genre & 1, 0u);
  for (const PersonId person : said.people) EXPECT_TRUE(takes_part(catalog, target, person));
  for (const PersonId person : said.not_people) EXPECT_FALSE(takes_part(catalog, target, person));
  if (said.years) {
    EXPECT_LE(said.years->low, catalog.year(target));
    EXPECT_GE(said.years->high, catalog.year(target));
  }
  if (said.runtime) {
    EXPECT_LE(said.runtime->low, catalog.runtime(target));
    EXPECT_GE(said.runtime->high, catalog.runtime(target));
  }
  if (said.popularity != Popularity::kAny) {
    EXPECT_EQ(said.popularity, popularity_of(catalog, target));
  }
  for (const auto* movies : {&said.liked, &said.disliked, &said.seen})
    EXPECT_EQ(std::ranges::count(*movies, target), 0);
}

TEST(SimulatedUser, SaysWhatIsTrueOfTheTarget) {
  for (std::uint64_t index = 0; index < 200; ++index) {
    const SampleWorld& world = SampleWorld::get();
    const Conversation talk = world.talk(3, index);
    PreferenceState state;
    for (const Exchange& exchange : talk.exchanges) {
      merge(state, exchange.update);
      if (talk.persona != Persona::kChangeable) expect_true(world.catalog, talk.target, exchange.update.said);
    }
    if (talk.accepted) expect_true(world.catalog, talk.target, state);
  }
}

TEST(SimulatedUser, MistakesAreTakenBack) {
  const FullCatalog& world = FullCatalog::get();
  const Phrasebook phrasebook = Phrasebook::built_in();
  int corrections = 0, agreeing = 0, talks = 0;
  for (std::uint64_t index = 0; index < 60; ++index) {
    const auto target = static_cast<MovieId>(index * 9);
    SimulatedUser user(world.catalog, phrasebook, world.finder, target, Persona::kChangeable, Random(1, "test", index));
    PreferenceState state;
    for (const Slot slot : {Slot::kGenre, Slot::kYears, Slot::kPerson, Slot::kPopularity}) {
      const UserTurn turn = user.respond({.kind = SystemActKind::kAsk, .slot = slot});
      merge(state, turn.update);
      corrections += !turn.update.drop.empty();
    }
    ++talks;
    // There are at most two mistakes, in the first two answers. By now both are corrected.
    expect_true(world.catalog, target, state);
    agreeing += !state.genres.empty();
  }
  EXPECT_GT(corrections, talks / 2);
  EXPECT_GT(agreeing, talks * 3 / 4);
}

TEST(SimulatedUser, NeverNamesTheTarget) {
  const SampleWorld& world = SampleWorld::get();
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
  const SampleWorld& world = SampleWorld::get();
  int tried = 0;
  for (MovieId target = 0; target < world.catalog.size(); ++target) {
    const std::string title = fold_name(world.catalog.title(target));
    const bool year = title.size() == 4 && title == std::to_string(world.catalog.year(target));
    const bool word = title == "drama" || title == "musical" || title == "magic" || title == "perfect" ||
                      title == "funny people" || title == "crime" || title == "sure" || title == "maybe";
    if ((!year && !word) || world.catalog.genres_of(target).empty()) continue;
    ++tried;
    for (std::uint64_t index = 0; index < 30; ++index) {
      SimulatedUser user(world.catalog, world.phrasebook, world.finder, target, Persona::kTerse,
                         Random(1, "test", index));
      for (const Slot slot : {Slot::kGenre, Slot::kYears}) {
        const std::string text = user.respond({.kind = SystemActKind::kAsk, .slot = slot}).text;
        EXPECT_EQ((" " + fold_name(text) + " ").find(" " + title + " "), std::string::npos) << text;
      }
    }
  }
  EXPECT_GT(tried, 0);
}

TEST(SimulatedUser, OlderAndNewerAreTrueOfTheTarget) {
  const SampleWorld& world = SampleWorld::get();
  Random random(1, "ages");
  int said = 0;
  for (MovieId target = 0; target < 300; ++target) {
    TargetWishes wishes(world.catalog, world.phrasebook, target, {}, random);
    const MovieId other = target + 40;
    const auto wish = wishes.other_age(other);
    if (!wish) continue;
    ++said;
    const Span years = *wish->update.said.years;
    EXPECT_LE(years.low, world.catalog.year(target));
    EXPECT_GE(years.high, world.catalog.year(target));
    EXPECT_EQ(wish->section, world.catalog.year(target) < world.catalog.year(other) ? "u.older" : "u.newer");
    EXPECT_TRUE(years.low == world.catalog.year(other) || years.high == world.catalog.year(other));
  }
  EXPECT_GT(said, 100);
}

TEST(SimulatedUser, ComparesWithMoviesThatAreAlike) {
  const SampleWorld& world = SampleWorld::get();
  Random random(1, "comparisons");
  int liked = 0, disliked = 0, two = 0;
  for (MovieId target = 0; target < 300; ++target) {
    TargetWishes wishes(world.catalog, world.phrasebook, target, {}, random);
    const auto wish = wishes.comparison();
    if (!wish) continue;
    for (const MovieId movie : wish->update.said.liked)
      EXPECT_EQ(likeness(world.catalog, movie, target), Likeness::kAlike);
    for (const MovieId movie : wish->update.said.disliked)
      EXPECT_EQ(likeness(world.catalog, movie, target), Likeness::kUnlike);
    liked += !wish->update.said.liked.empty();
    disliked += !wish->update.said.disliked.empty();
    two += wish->update.said.liked.size() == 2;
  }
  EXPECT_GT(liked, 100);
  EXPECT_GT(disliked, 20);
  EXPECT_GT(two, 30);
}

TEST(SimulatedUser, TakesTheTargetAndNothingElse) {
  for (std::uint64_t index = 0; index < 120; ++index) {
    const Conversation talk = SampleWorld::get().talk(5, index);
    bool accepted = false;
    for (const Exchange& exchange : talk.exchanges) {
      const bool takes = !exchange.user_text.empty() && exchange.update.act == UserAct::kAccept;
      if (takes) {
        EXPECT_TRUE(std::ranges::any_of(
            exchange.acts, [&](const SystemAct& act) { return offers(act, talk.target) || act.movie == talk.target; }));
      }
      accepted = accepted || takes;
    }
    EXPECT_EQ(talk.accepted, accepted);
  }
}

TEST(SimulatedUser, NamesMeanWhomTheyShould) {
  // The best match of each name is the person of the update, even for half names and typing errors.
  const SampleWorld& world = SampleWorld::get();
  int named = 0;
  for (std::uint64_t index = 0; index < 200; ++index) {
    const Conversation talk = world.talk(6, index);
    for (const Exchange& exchange : talk.exchanges) {
      std::vector<PersonId> people = exchange.update.said.people;
      people.insert(people.end(), exchange.update.said.not_people.begin(), exchange.update.said.not_people.end());
      if (people.size() != 1) continue;
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
      SimulatedUser user(world.catalog, phrasebook, world.finder, static_cast<MovieId>(index * 9), persona,
                         Random(1, "test", index));
      const UserTurn answer = user.respond({.kind = SystemActKind::kAsk, .slot = Slot::kGenre});
      said[persona] += static_cast<double>(slot_values(answer.update.said, world.catalog).size());
      unsure[persona] += answer.update.act == UserAct::kUnsure;
      unwanted[persona] += static_cast<double>(answer.update.said.not_genres.size());
      const UserTurn reaction = user.respond({.kind = SystemActKind::kRecommend, .movie = 1});
      questions[persona] += reaction.update.act == UserAct::kAsk;
    }
  }
  EXPECT_GT(said[Persona::kVolunteer], 1.3 * said[Persona::kTerse]);
  EXPECT_GT(unwanted[Persona::kPicky], 20);
  EXPECT_LT(unwanted[Persona::kTerse], 10);
  EXPECT_GT(unsure[Persona::kUndecided], 20);
  EXPECT_GT(questions[Persona::kCurious], 20);
  EXPECT_LT(questions[Persona::kTerse], 15);
}

}  // namespace
}  // namespace matinee
