#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "lib/dialogue/policy.h"
#include "tests/dialogue/sample_world.h"

namespace matinee::testing {

using Kind = SystemActKind;
using Acts = std::vector<SystemAct>;
inline PreferenceUpdate act(UserAct what) {
  PreferenceUpdate update;
  update.act = what;
  return update;
}

inline std::vector<Kind> kinds(const Acts& acts) {
  std::vector<Kind> found;
  for (const SystemAct& one : acts) found.push_back(one.kind);
  return found;
}

inline const SystemAct* find(const Acts& acts, Kind kind) {
  const auto found = std::find_if(acts.begin(), acts.end(), [&](const SystemAct& a) { return a.kind == kind; });
  return found == acts.end() ? nullptr : &*found;
}

inline bool offers_something(const Acts& acts) {
  return find(acts, Kind::kRecommend) || find(acts, Kind::kList) || find(acts, Kind::kPropose);
}

/// The counting ranker, but what a movie lacks of the user's genres, years and runtime is reported as broken.
class StrictRanker final : public CandidateRanker {
 public:
  explicit StrictRanker(const MovieCatalog& catalog) : catalog_(catalog), counting_(catalog) {}

  std::vector<BrokenWish> broken(const PreferenceState& state, MovieId movie) const {
    std::vector<BrokenWish> found;
    bool any_genre = state.genres.empty();
    for (const GenreId genre : state.genres) {
      const bool has = (catalog_.genre_mask(movie) >> genre & 1) != 0;
      any_genre = any_genre || has;
      if (!has && state.either.empty()) found.push_back({.slot = Slot::kGenre, .id = genre});
    }
    if (!any_genre && !state.either.empty()) found.push_back({.slot = Slot::kGenre, .id = state.genres.front()});
    const auto check = [&](Slot slot, std::int32_t value, const std::optional<Span>& span) {
      if (!span || (value >= span->low && value <= span->high)) return;
      found.push_back({.slot = slot, .unknown = value == kUnknown});
    };
    check(Slot::kYears, catalog_.year(movie), state.years);
    check(Slot::kRuntime, catalog_.runtime(movie), state.runtime);
    return found;
  }

  std::vector<Candidate> rank(const PreferenceState& state, std::span<const MovieId> excluded,
                              std::int32_t k) const override {
    std::vector<Candidate> all = counting_.rank(state, excluded, catalog_.size());
    for (Candidate& candidate : all) candidate.broken = broken(state, candidate.movie);
    std::stable_sort(all.begin(), all.end(),
                     [](const Candidate& a, const Candidate& b) { return a.broken.size() < b.broken.size(); });
    all.resize(std::min(all.size(), static_cast<std::size_t>(k)));
    return all;
  }
  MovieSet viable(const PreferenceState& state, std::span<const MovieId> excluded) const override {
    return counting_.viable(state, excluded);
  }

 private:
  const MovieCatalog& catalog_;
  const CountingRanker counting_;
};

/// A conversation over the sample, after the opening.
class PolicyTest : public ::testing::Test {
 protected:
  PolicyTest() { policy.open(state); }

  GenreId genre(const char* name) const { return catalog.genre_id(name).value(); }
  PreferenceUpdate wish(const char* name) const {
    PreferenceUpdate update;
    update.said.genres = {genre(name)};
    return update;
  }
  Acts next(const PreferenceUpdate& update) { return policy.next(state, update); }
  Acts next(UserAct what) { return next(act(what)); }
  /// The movie that is recommended for a genre.
  MovieId recommended(const char* name = "Drama") {
    const Acts acts = next(wish(name));
    const SystemAct* offer = find(acts, Kind::kRecommend);
    return offer == nullptr ? -1 : offer->movie;
  }

  const MovieCatalog& catalog = SampleWorld::get().catalog;
  const StrictRanker ranker{catalog};
  const Policy policy{catalog, ranker};
  DialogueState state;
};

}  // namespace matinee::testing
