#pragma once

#include <algorithm>
#include <string>

#include "lib/catalog/catalog_builder.h"
#include "lib/catalog/mention_finder.h"
#include "lib/dialogue/candidate_ranker.h"
#include "lib/dialogue/fact_sets.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/dialogue/policy.h"
#include "tests/support/temporary_folder.h"

namespace matinee::testing {

/// Ranks movies by the number of the user's preferences that they meet; ties by smaller id.
class CountingRanker final : public CandidateRanker {
 public:
  explicit CountingRanker(const MovieCatalog& catalog) : catalog_(catalog) {}

  std::vector<Candidate> rank(const PreferenceState& state, std::span<const MovieId> excluded,
                              std::int32_t k) const override {
    std::vector<Candidate> all;
    for (MovieId movie = 0; movie < catalog_.size(); ++movie) {
      if (is_out(state, excluded, movie)) continue;
      Candidate candidate{movie, 0, reasons(state, movie)};
      candidate.score = static_cast<float>(candidate.reasons.size());
      all.push_back(std::move(candidate));
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    all.resize(std::min(all.size(), static_cast<std::size_t>(k)));
    return all;
  }

  MovieSet viable(const PreferenceState& state, std::span<const MovieId> excluded) const override {
    MovieSet found(catalog_.size());
    const std::size_t wishes = state.genres.size() + state.people.size() + state.years.has_value() +
                               state.runtime.has_value() + (state.popularity != Popularity::kAny);
    for (MovieId movie = 0; movie < catalog_.size(); ++movie) {
      if (!is_out(state, excluded, movie) && reasons(state, movie).size() >= wishes) found.insert(movie);
    }
    return found;
  }

 private:
  static bool is_out(const PreferenceState& state, std::span<const MovieId> excluded, MovieId movie) {
    const auto holds = [&](const auto& list) { return std::find(list.begin(), list.end(), movie) != list.end(); };
    return holds(excluded) || holds(state.liked) || holds(state.disliked) || holds(state.seen);
  }

  std::vector<Reason> reasons(const PreferenceState& state, MovieId movie) const {
    std::vector<Reason> found;
    for (const PersonId person : state.people) {
      if (takes_part(catalog_, movie, person)) found.push_back({Reason::Kind::kPerson, person});
    }
    for (const GenreId genre : state.genres) {
      if ((catalog_.genre_mask(movie) >> genre & 1) != 0) found.push_back({Reason::Kind::kGenre, genre});
    }
    const auto within = [](std::int32_t value, const std::optional<Span>& span) {
      return span && value != kUnknown && value >= span->low && value <= span->high;
    };
    if (within(catalog_.year(movie), state.years)) found.push_back({Reason::Kind::kYears});
    if (within(catalog_.runtime(movie), state.runtime)) found.push_back({Reason::Kind::kRuntime});
    if (state.popularity != Popularity::kAny && popularity_of(catalog_, movie) == state.popularity) {
      found.push_back({state.popularity == Popularity::kPopular ? Reason::Kind::kPopular : Reason::Kind::kHidden});
    }
    if (!state.liked.empty()) found.push_back({Reason::Kind::kSimilar, state.liked.front()});
    return found;
  }

  const MovieCatalog& catalog_;
};

/// The sample catalog and a policy for it, made once.
class SampleWorld {
 public:
  static const SampleWorld& get() {
    static const SampleWorld world;
    return world;
  }

 private:
  static std::string build(const std::string& path) {
    ThreadPool pool(1);
    CatalogBuilder(CatalogTables::in_folder("testdata/sample"), {}, pool).save(path);
    return path;
  }
  SampleWorld() = default;
  TemporaryFolder folder_;

 public:
  const MovieCatalog catalog{build(folder_.file("movies.bin"))};
  const FactSets facts{catalog};
  const MentionFinder finder{catalog};
  const CountingRanker ranker{catalog};
  const Policy policy{catalog, ranker};
};

}  // namespace matinee::testing
