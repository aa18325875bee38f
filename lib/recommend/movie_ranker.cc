#include "lib/recommend/movie_ranker.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "lib/catalog/fold_name.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/recommend/broken_wishes.h"
#include "lib/recommend/movie_columns.h"

namespace matinee {
namespace {

// The similarity from which on a liked movie is a reason to recommend another.
constexpr float kResembles = 0.35f;

struct Scored {
  float score;
  MovieId movie;
};
bool better(const Scored& a, const Scored& b) { return a.score > b.score || (a.score == b.score && a.movie < b.movie); }

// Calls `body` once for each movie in which the person plays or that the person directed.
template <class Body>
void for_movies_of(const MovieCatalog& catalog, PersonId person, const Body& body) {
  const auto acted = catalog.acted_in(person);
  for (const MovieId movie : acted) body(movie);
  for (const MovieId movie : catalog.directed(person)) {
    if (!std::binary_search(acted.begin(), acted.end(), movie)) body(movie);
  }
}

void erase_known(MovieSet& movies, const PreferenceState& state) {
  for (const auto* known : {&state.liked, &state.disliked, &state.seen}) movies.erase(*known);
}

// Whether a movie meets the wishes; the better first.
enum class Fit : std::uint8_t { kAll, kUnknown, kBroken };

// What is added to the scores of movies of each Fit, so that those that meet all wishes come first and those that break
// one last; more where scores are years.
constexpr std::array<float, 3> kBehind{0, -50, -100}, kBehindInOrder{0, -1000, -2000};

// Where movies like some others are wanted in an order, the order is that of so many of the most similar ones.
constexpr std::size_t kOrdered = 30;

struct Assessment {
  std::vector<float> scores;
  std::vector<Fit> fits;
};

}  // namespace

std::vector<SimilarityTerm> similarity_terms(const std::vector<MovieId>& liked, const std::vector<MovieId>& disliked,
                                             const RankerWeights& weights) {
  std::vector<SimilarityTerm> terms;
  const auto add = [&](const std::vector<MovieId>& movies, float total) {
    for (const MovieId movie : movies) terms.push_back({movie, total / std::sqrt(static_cast<float>(movies.size()))});
  };
  add(liked, weights.liked);
  add(disliked, weights.disliked);
  return terms;
}

struct MovieRanker::Impl {
  const MovieCatalog& catalog;
  MovieVectorView view;
  RankerWeights weights;
  VectorWeights vector_weights;
  MovieColumns columns;
  std::vector<float> prior;    // the score before anything is known of the user
  std::vector<float> quality;  // shrunk ratings

  Impl(const MovieCatalog& all, const RankerWeights& given)
      : catalog(all),
        view(all),
        weights(given),
        vector_weights(given.vectors.value_or(view.weights())),
        columns(all),
        prior(movie_prior(all, view.likes(), given.prior)),
        quality(movie_prior(all, {}, {.votes = 0, .likes = 0, .rating = 1})) {}

  std::vector<float> query(const PreferenceState& state) const {
    return combined_query(view, similarity_terms(state.liked, state.disliked, weights), vector_weights);
  }

  // Genres: one of them or each, as the user said.
  float genre_score(const PreferenceState& state, std::uint32_t has, std::uint32_t wanted, std::uint32_t unwanted,
                    Fit& fit) const {
    const int present = std::popcount(has & wanted), absent = std::popcount(wanted & ~has);
    const int against = std::popcount(has & unwanted);
    float score = weights.unwanted_genre * static_cast<float>(against);
    if (against > 0) fit = Fit::kBroken;
    if (one_is_enough(state, Slot::kGenre) && wanted != 0) {
      if (present == 0) fit = Fit::kBroken;
      return score +
             (present > 0 ? weights.genre + weights.further * static_cast<float>(present - 1) : weights.genre_missing);
    }
    if (absent > 0) fit = Fit::kBroken;
    return score + weights.genre * static_cast<float>(present) + weights.genre_missing * static_cast<float>(absent);
  }

  // A wish of a span: inside it, at a distance from it, or not known.
  static float span_score(std::int32_t value, const Span& span, float inside, float missed, float per_step, float step,
                          Fit& fit) {
    if (value == kUnknown) {
      fit = std::max(fit, Fit::kUnknown);
      return 0;
    }
    const std::int32_t off = distance(value, span);
    if (off == 0) return inside;
    fit = Fit::kBroken;
    return missed + per_step * std::min(4.0f, static_cast<float>(off) / step);
  }

  float facts_score(const PreferenceState& state, std::size_t movie, Fit& fit) const {
    float score = 0;
    const std::int32_t year = columns.years[movie], rating = columns.ratings[movie];
    if (state.years)
      score += span_score(year, *state.years, weights.years, weights.years_missed, weights.per_decade_off, 10, fit);
    if (state.not_years && year != kUnknown && distance(year, *state.not_years) == 0) {
      fit = Fit::kBroken;
      score += weights.unwanted_years;
    }
    if (state.runtime) {
      score += span_score(columns.runtimes[movie], *state.runtime, weights.runtime, weights.runtime_missed,
                          weights.per_20_minutes, 20, fit);
    }
    if (state.popularity != Popularity::kAny) {
      const bool agrees = columns.popularity[movie] == state.popularity;
      if (!agrees) fit = std::max(fit, columns.voted[movie] ? Fit::kBroken : Fit::kUnknown);
      score += agrees ? weights.popularity : weights.popularity_missed;
    }
    if (state.min_rating && rating < *state.min_rating) {
      fit = std::max(fit, rating == kUnknown ? Fit::kUnknown : Fit::kBroken);
      if (rating != kUnknown) score += weights.rating_missed * static_cast<float>(*state.min_rating - rating) / 10;
    }
    if (state.age) {
      const auto& age = columns.ages[movie];
      if (!age) fit = std::max(fit, Fit::kUnknown);
      if (age && *age > *state.age) fit = Fit::kBroken;
      if (age) score += *age <= *state.age ? weights.age : weights.age_missed;
    }
    for (const std::string& keyword : state.keywords) {
      if (columns.titles[movie].find(" " + fold_name(keyword)) != std::string::npos) score += weights.keyword;
    }
    return score;
  }

  // A person in the cast or a director.
  void add_people(const PreferenceState& state, Assessment& result) const {
    if (!state.people.empty()) {
      std::vector<std::int32_t> present(result.scores.size(), 0);
      for (const PersonId person : state.people)
        for_movies_of(catalog, person, [&](MovieId movie) { ++present[static_cast<std::size_t>(movie)]; });
      const bool either = one_is_enough(state, Slot::kPerson);
      const std::int32_t wanted = either ? 1 : static_cast<std::int32_t>(state.people.size());
      for (std::size_t movie = 0; movie < present.size(); ++movie) {
        const std::int32_t needed = std::min(present[movie], wanted);
        result.scores[movie] += weights.person * static_cast<float>(needed) +
                                weights.further * static_cast<float>(present[movie] - needed) +
                                weights.person_missing * static_cast<float>(wanted - needed);
        if (needed < wanted) result.fits[movie] = Fit::kBroken;
      }
    }
    for (const PersonId person : state.not_people) {
      for_movies_of(catalog, person, [&](MovieId movie) {
        result.scores[static_cast<std::size_t>(movie)] += weights.unwanted_person;
        result.fits[static_cast<std::size_t>(movie)] = Fit::kBroken;
      });
    }
  }

  // Scores by facts and prior, without similarity.
  Assessment assess_facts(const PreferenceState& state) const {
    const std::uint32_t wanted = mask_of(state.genres), unwanted = mask_of(state.not_genres);
    Assessment result{prior, std::vector<Fit>(prior.size(), Fit::kAll)};
    for (std::size_t movie = 0; movie < prior.size(); ++movie) {
      result.scores[movie] += genre_score(state, columns.genres[movie], wanted, unwanted, result.fits[movie]);
      result.scores[movie] += facts_score(state, movie, result.fits[movie]);
    }
    add_people(state, result);
    return result;
  }

  Assessment assess(const PreferenceState& state, const MovieSet& allowed) const {
    Assessment result = assess_facts(state);
    if (!state.liked.empty() || !state.disliked.empty()) add_similarities(view, query(state), result.scores);
    if (state.sort != SortOrder::kNone) put_in_order(state, allowed, result);
    const auto& behind = state.sort == SortOrder::kNone ? kBehind : kBehindInOrder;
    for (std::size_t movie = 0; movie < prior.size(); ++movie)
      result.scores[movie] += behind[static_cast<std::size_t>(result.fits[movie])];
    return result;
  }

  // Replaces scores by the order that is asked for; equals keep their order. Where similar movies or a keyword are
  // asked for, too, it is that of the best by score.
  void put_in_order(const PreferenceState& state, const MovieSet& allowed, Assessment& result) const {
    std::vector<float>& scores = result.scores;
    float least = -std::numeric_limits<float>::infinity();
    if (!state.liked.empty() || !state.keywords.empty()) {
      std::vector<float> best;
      allowed.for_each([&](MovieId movie) {
        if (result.fits[static_cast<std::size_t>(movie)] == Fit::kAll)
          best.push_back(scores[static_cast<std::size_t>(movie)]);
      });
      if (best.size() > kOrdered) {
        std::nth_element(best.begin(), best.begin() + (kOrdered - 1), best.end(), std::greater<>());
        least = best[kOrdered - 1];
      }
    }
    for (std::size_t movie = 0; movie < scores.size(); ++movie) {
      const float year = columns.years[movie] == kUnknown ? -1.0f : static_cast<float>(columns.years[movie]) - 1800;
      float key = 0;
      switch (state.sort) {
        case SortOrder::kNone: break;
        case SortOrder::kBest: key = 20 * quality[movie]; break;
        case SortOrder::kNewest: key = year; break;
        case SortOrder::kOldest: key = year < 0 ? -300.0f : -year; break;
        case SortOrder::kPopular: key = -300 * static_cast<float>(movie) / static_cast<float>(scores.size()); break;
      }
      const float tie = scores[movie] / 1000;
      scores[movie] = key + tie + (scores[movie] < least ? kBehindInOrder[1] / 2 : 0.0f);
    }
  }

  std::vector<Reason> reasons(const PreferenceState& state, MovieId movie) const {
    const auto at = static_cast<std::size_t>(movie);
    std::vector<Reason> found;
    for (const PersonId person : state.people) {
      if (takes_part(catalog, movie, person)) found.push_back({Reason::Kind::kPerson, person});
    }
    for (const GenreId genre : state.genres) {
      if ((columns.genres[at] >> genre & 1) != 0) found.push_back({Reason::Kind::kGenre, genre});
    }
    MovieId nearest = -1;
    float near = kResembles;
    for (const MovieId liked : state.liked) {
      const float score = similarity(view, vector_weights, liked, movie);
      if (score > near) {
        near = score;
        nearest = liked;
      }
    }
    if (nearest >= 0) found.push_back({Reason::Kind::kSimilar, nearest});
    if (state.years && columns.years[at] != kUnknown && distance(columns.years[at], *state.years) == 0) {
      found.push_back({Reason::Kind::kYears});
    }
    if (state.runtime && columns.runtimes[at] != kUnknown && distance(columns.runtimes[at], *state.runtime) == 0) {
      found.push_back({Reason::Kind::kRuntime});
    }
    if (state.popularity != Popularity::kAny && columns.popularity[at] == state.popularity) {
      found.push_back({state.popularity == Popularity::kPopular ? Reason::Kind::kPopular : Reason::Kind::kHidden});
    }
    return found;
  }
};

MovieRanker::MovieRanker(const MovieCatalog& catalog, const RankerWeights& weights)
    : impl_(std::make_unique<Impl>(catalog, weights)) {}
MovieRanker::~MovieRanker() = default;

std::vector<Candidate> MovieRanker::rank(const PreferenceState& state, std::span<const MovieId> excluded,
                                         std::int32_t k) const {
  MovieSet allowed = MovieSet::all(impl_->catalog.size());
  allowed.erase(excluded);
  return rank_among(state, std::move(allowed), k);
}

std::vector<Candidate> MovieRanker::rank_among(const PreferenceState& state, MovieSet allowed, std::int32_t k) const {
  erase_known(allowed, state);
  const std::vector<float> scores = impl_->assess(state, allowed).scores;
  std::vector<Scored> order;
  order.reserve(scores.size());
  allowed.for_each([&](MovieId movie) { order.push_back({scores[movie], movie}); });
  const std::size_t count = std::min(order.size(), static_cast<std::size_t>(std::max(k, 0)));
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
  if (count < order.size() && count > 0) std::nth_element(order.begin(), middle - 1, order.end(), better);
  std::sort(order.begin(), middle, better);
  std::vector<Candidate> result;
  result.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const MovieId movie = order[i].movie;
    result.push_back({movie, order[i].score, impl_->reasons(state, movie),
                      broken_wishes(impl_->catalog, impl_->columns, state, movie)});
  }
  return result;
}

MovieSet MovieRanker::viable(const PreferenceState& state, std::span<const MovieId> excluded) const {
  const std::vector<Fit> fits = impl_->assess_facts(state).fits;
  MovieSet viable(impl_->catalog.size());
  for (MovieId movie = 0; movie < impl_->catalog.size(); ++movie) {
    if (fits[static_cast<std::size_t>(movie)] == Fit::kAll) viable.insert(movie);
  }
  viable.erase(excluded);
  erase_known(viable, state);
  return viable;
}

}  // namespace matinee
