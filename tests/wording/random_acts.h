#pragma once

#include <algorithm>
#include <vector>

#include "lib/base/random.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/dialogue/system_act.h"

namespace matinee::testing {

/// A random act of the kind, with true reasons, and the preferences that it answers.
struct RandomAct {
  SystemAct act;
  PreferenceState preferences;
};

inline MovieId random_movie(const MovieCatalog& catalog, Random& random) {
  return static_cast<MovieId>(random.below(static_cast<std::uint64_t>(catalog.size())));
}

/// Reasons that are true of the movie, each added to the preferences: any number of them in any order.
inline std::vector<Reason> random_reasons(const MovieCatalog& catalog, MovieId movie, PreferenceState& wished,
                                          Random& random) {
  std::vector<Reason> all;
  for (const GenreId genre : catalog.genres_of(movie)) all.push_back({Reason::Kind::kGenre, genre});
  if (!catalog.cast(movie).empty()) all.push_back({Reason::Kind::kPerson, catalog.cast(movie)[0]});
  if (!catalog.directors(movie).empty()) all.push_back({Reason::Kind::kPerson, catalog.directors(movie)[0]});
  if (catalog.year(movie) != kUnknown) all.push_back({Reason::Kind::kYears, -1});
  if (catalog.runtime(movie) != kUnknown) all.push_back({Reason::Kind::kRuntime, -1});
  const Popularity popularity = popularity_of(catalog, movie);
  if (popularity == Popularity::kPopular) all.push_back({Reason::Kind::kPopular, -1});
  if (popularity == Popularity::kHidden) all.push_back({Reason::Kind::kHidden, -1});
  const MovieId liked = random_movie(catalog, random);
  if (liked != movie) all.push_back({Reason::Kind::kSimilar, liked});
  random.shuffle(all);
  all.resize(std::min<std::size_t>(all.size(), random.below(4)));
  for (const Reason& reason : all) {
    const std::int32_t decade = catalog.year(movie) / 10 * 10;
    if (reason.kind == Reason::Kind::kGenre) wished.genres.push_back(reason.id);
    if (reason.kind == Reason::Kind::kPerson) wished.people.push_back(reason.id);
    if (reason.kind == Reason::Kind::kYears) wished.years = Span{decade, decade + 9};
    if (reason.kind == Reason::Kind::kRuntime) wished.runtime = Span{0, catalog.runtime(movie)};
    if (reason.kind == Reason::Kind::kSimilar) wished.liked.push_back(reason.id);
  }
  return all;
}

/// One of each kind of broken wish, at random.
inline std::vector<BrokenWish> random_broken(const MovieCatalog& catalog, PreferenceState& wished, Random& random) {
  std::vector<BrokenWish> broken;
  const auto genre = static_cast<GenreId>(random.below(catalog.genres().size()));
  const auto person = static_cast<PersonId>(random.below(static_cast<std::uint64_t>(catalog.people_count())));
  const std::size_t count = 1 + random.below(2);
  while (broken.size() < count) {
    BrokenWish wish{static_cast<Slot>(random.below(kSlots)), -1};
    wish.unknown = random.chance(0.2);
    wish.unwanted = !wish.unknown && random.chance(0.3) &&
                    (wish.slot == Slot::kGenre || wish.slot == Slot::kPerson || wish.slot == Slot::kYears);
    if (wish.slot == Slot::kGenre) {
      wish.id = genre;
      (wish.unwanted ? wished.not_genres : wished.genres).push_back(genre);
    }
    if (wish.slot == Slot::kPerson) {
      wish.id = person;
      (wish.unwanted ? wished.not_people : wished.people).push_back(person);
    }
    if (wish.slot == Slot::kYears) (wish.unwanted ? wished.not_years : wished.years) = Span{1940, 1949};
    if (wish.slot == Slot::kRuntime) wished.runtime = Span{0, 90};
    if (wish.slot == Slot::kRating) wished.min_rating = 80;
    if (wish.slot == Slot::kAge) wished.age = AgeRating::kPG13;
    broken.push_back(wish);
  }
  return broken;
}

inline RandomAct random_act(SystemActKind kind, const MovieCatalog& catalog, Random& random) {
  RandomAct made;
  SystemAct& act = made.act;
  act.kind = kind;
  const auto add_candidates = [&](std::size_t count) {
    while (act.candidates.size() < count) {
      const MovieId movie = random_movie(catalog, random);
      const bool is_new = std::none_of(act.candidates.begin(), act.candidates.end(),
                                       [&](const Candidate& c) { return c.movie == movie; });
      if (is_new) act.candidates.push_back({movie, 0, random_reasons(catalog, movie, made.preferences, random), {}});
    }
    act.movie = act.candidates.front().movie;
  };
  switch (kind) {
    case SystemActKind::kRecommend:
    case SystemActKind::kExplain:
    case SystemActKind::kPropose: add_candidates(1); break;
    case SystemActKind::kList: add_candidates(2 + random.below(4)); break;
    case SystemActKind::kAsk: act.slot = static_cast<Slot>(random.below(kAskableSlots)); break;
    case SystemActKind::kAnswer:
      act.movie = random_movie(catalog, random);
      act.fact = static_cast<Fact>(random.below(kFacts));
      break;
    case SystemActKind::kCompare: {
      const std::size_t count = 2 + random.below(2);
      for (std::size_t i = 0; i < count; ++i) act.movies.push_back(random_movie(catalog, random));
      act.movie = act.movies.front();
      break;
    }
    case SystemActKind::kRelax: act.broken = random_broken(catalog, made.preferences, random); break;
    case SystemActKind::kNotFound:
      act.unknown = {"the wizard of oz?", "Parasite", "\xc3\x89t\xc3\xa9 93"};
      act.unknown.resize(1 + random.below(3));
      break;
    case SystemActKind::kBeyond: {
      const std::size_t count = 1 + random.below(3);
      for (std::size_t i = 0; i < count; ++i) act.beyond.push_back(static_cast<Beyond>(random.below(kBeyonds - 1)));
      break;
    }
    case SystemActKind::kHelp: act.nothing_yet = random.chance(0.3); [[fallthrough]];
    case SystemActKind::kClose:
    case SystemActKind::kConfirm:
    case SystemActKind::kWait:
      act.accepted = random.chance(0.7);
      if (!act.nothing_yet && random.chance(0.7)) act.movie = random_movie(catalog, random);
      break;
    default: break;
  }
  return made;
}

}  // namespace matinee::testing
