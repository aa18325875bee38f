#include "lib/recommend/movie_ranker.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "lib/dialogue/movie_facts.h"

namespace matinee {
namespace {

// The similarity from which on a liked movie is a reason to recommend another.
constexpr float kResembles = 0.35f;

// From the value to the span; 0 inside.
std::int32_t distance(std::int32_t value, const Span& span) {
  return std::max({span.low - value, value - span.high, 0});
}

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

std::uint32_t mask_of(const std::vector<GenreId>& genres) {
  std::uint32_t mask = 0;
  for (const GenreId genre : genres) mask |= std::uint32_t{1} << genre;
  return mask;
}

}  // namespace

struct MovieRanker::Impl {
  const MovieCatalog& catalog;
  MovieVectorView view;
  RankerWeights weights;
  VectorWeights vector_weights;
  // By movie: columns that every ranking reads from end to end.
  std::vector<std::uint32_t> genres;
  std::vector<std::int32_t> years, runtimes;
  std::vector<Popularity> popularity;
  std::vector<float> prior;  // the score before anything is known of the user

  Impl(const MovieCatalog& all, const RankerWeights& given)
      : catalog(all),
        view(all),
        weights(given),
        vector_weights(given.vectors.value_or(view.weights())),
        prior(movie_prior(all, view.likes(), given.prior)) {
    const std::int32_t n = all.size();
    for (MovieId movie = 0; movie < n; ++movie) {
      genres.push_back(all.genre_mask(movie));
      years.push_back(all.year(movie));
      runtimes.push_back(all.runtime(movie));
      popularity.push_back(popularity_of(all, movie));
    }
  }

  // Divided by the root of their number: the sum of n cosines spreads about as the root of n does, so that similarity
  // counts the same against the prior however many movies are liked (docs/embeddings.md).
  std::vector<float> query(const PreferenceState& state) const {
    std::vector<SimilarityTerm> terms;
    const auto add = [&](const std::vector<MovieId>& movies, float total) {
      for (const MovieId movie : movies) terms.push_back({movie, total / std::sqrt(static_cast<float>(movies.size()))});
    };
    add(state.liked, weights.liked);
    add(state.disliked, weights.disliked);
    return combined_query(view, terms, vector_weights);
  }

  std::vector<float> scores(const PreferenceState& state) const {
    std::vector<float> result = prior;
    const std::int32_t n = catalog.size();
    const std::uint32_t wanted = mask_of(state.genres), unwanted = mask_of(state.not_genres);
    const int n_wanted = std::popcount(wanted);
    for (MovieId movie = 0; movie < n; ++movie) {
      float score = 0;
      const int present = std::popcount(genres[movie] & wanted);
      score +=
          weights.genre * static_cast<float>(present) + weights.genre_missing * static_cast<float>(n_wanted - present);
      score += weights.unwanted_genre * static_cast<float>(std::popcount(genres[movie] & unwanted));
      if (state.years && years[movie] != kUnknown) {
        const std::int32_t off = distance(years[movie], *state.years);
        score += off == 0
                     ? weights.years
                     : weights.years_missed + weights.per_decade_off * std::min(4.0f, static_cast<float>(off) / 10);
      }
      if (state.runtime && runtimes[movie] != kUnknown) {
        const std::int32_t off = distance(runtimes[movie], *state.runtime);
        score += off == 0
                     ? weights.runtime
                     : weights.runtime_missed + weights.per_20_minutes * std::min(4.0f, static_cast<float>(off) / 20);
      }
      if (state.popularity != Popularity::kAny) {
        score += popularity[movie] == state.popularity ? weights.popularity : weights.popularity_missed;
      }
      result[movie] += score;
    }
    for (const PersonId person : state.people) {
      for (float& score : result) score += weights.person_missing;
      for_movies_of(catalog, person, [&](MovieId movie) { result[movie] += weights.person - weights.person_missing; });
    }
    for (const PersonId person : state.not_people) {
      for_movies_of(catalog, person, [&](MovieId movie) { result[movie] += weights.unwanted_person; });
    }
    if (!state.liked.empty() || !state.disliked.empty()) add_similarities(view, query(state), result);
    return result;
  }

  std::vector<Reason> reasons(const PreferenceState& state, MovieId movie) const {
    std::vector<Reason> found;
    for (const PersonId person : state.people) {
      if (takes_part(catalog, movie, person)) found.push_back({Reason::Kind::kPerson, person});
    }
    for (const GenreId genre : state.genres) {
      if ((genres[movie] >> genre & 1) != 0) found.push_back({Reason::Kind::kGenre, genre});
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
    if (state.years && years[movie] != kUnknown && distance(years[movie], *state.years) == 0) {
      found.push_back({Reason::Kind::kYears});
    }
    if (state.runtime && runtimes[movie] != kUnknown && distance(runtimes[movie], *state.runtime) == 0) {
      found.push_back({Reason::Kind::kRuntime});
    }
    if (state.popularity != Popularity::kAny && popularity[movie] == state.popularity) {
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
  const std::vector<float> scores = impl_->scores(state);
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
    result.push_back({order[i].movie, order[i].score, impl_->reasons(state, order[i].movie)});
  }
  return result;
}

MovieSet MovieRanker::viable(const PreferenceState& state, std::span<const MovieId> excluded) const {
  const MovieCatalog& catalog = impl_->catalog;
  const std::uint32_t wanted = mask_of(state.genres), unwanted = mask_of(state.not_genres);
  MovieSet viable(catalog.size());
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    const std::int32_t year = impl_->years[movie], runtime = impl_->runtimes[movie];
    const bool fits = (impl_->genres[movie] & wanted) == wanted && (impl_->genres[movie] & unwanted) == 0 &&
                      (!state.years || year == kUnknown || distance(year, *state.years) == 0) &&
                      (!state.runtime || runtime == kUnknown || distance(runtime, *state.runtime) == 0) &&
                      (state.popularity == Popularity::kAny || impl_->popularity[movie] == state.popularity);
    if (fits) viable.insert(movie);
  }
  for (const PersonId person : state.people) {
    MovieSet movies(catalog.size());
    for_movies_of(catalog, person, [&](MovieId movie) { movies.insert(movie); });
    viable &= movies;
  }
  for (const PersonId person : state.not_people) {
    for_movies_of(catalog, person, [&](MovieId movie) { viable.erase(movie); });
  }
  viable.erase(excluded);
  erase_known(viable, state);
  return viable;
}

}  // namespace matinee
