#include "lib/recommend/movie_ranker.h"

#include <algorithm>
#include <bit>

#include "lib/dialogue/movie_facts.h"

namespace matinee {
namespace {

// A liked movie is a reason where the recommended one is at least this near it.
constexpr float kResembles = 0.35f;
constexpr int kLanes = 16;

// Σ a[i]·b[i] in a fixed order of sixteen sums, which the compiler can keep in registers.
float inner_product(const float* a, const float* b, std::int64_t n) {
  float sums[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  for (; i < n; ++i) sums[i % kLanes] += a[i] * b[i];
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
  }
  return sums[0];
}

// How far outside the span, 0 inside.
std::int32_t distance(std::int32_t value, const Span& span) {
  return std::max({span.low - value, value - span.high, 0});
}

struct Scored {
  float score;
  MovieId movie;
};
bool better(const Scored& a, const Scored& b) { return a.score > b.score || (a.score == b.score && a.movie < b.movie); }

void forbid(std::vector<std::uint64_t>& mask, std::span<const MovieId> movies) {
  for (const MovieId movie : movies) {
    if (movie >= 0 && static_cast<std::size_t>(movie) / 64 < mask.size()) {
      mask[static_cast<std::size_t>(movie) / 64] &= ~(std::uint64_t{1} << (movie % 64));
    }
  }
}

// Calls `body` once for each movie of which the person is cast or director.
template <class Body>
void for_movies_of(const MovieCatalog& catalog, PersonId person, const Body& body) {
  const auto acted = catalog.acted_in(person);
  for (const MovieId movie : acted) body(movie);
  for (const MovieId movie : catalog.directed(person)) {
    if (!std::binary_search(acted.begin(), acted.end(), movie)) body(movie);
  }
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
  // What every rank reads, in one place each.
  std::vector<std::uint32_t> genres;
  std::vector<std::int32_t> years, runtimes;
  std::vector<Popularity> popularity;
  std::vector<float> prior;  // what a movie has before anything is known

  Impl(const MovieCatalog& all, const RankerWeights& given) : catalog(all), view(all), weights(given) {
    const std::int32_t n = all.size();
    for (MovieId movie = 0; movie < n; ++movie) {
      genres.push_back(all.genre_mask(movie));
      years.push_back(all.year(movie));
      runtimes.push_back(all.runtime(movie));
      popularity.push_back(popularity_of(all, movie));
      const float fame = 1.0f - static_cast<float>(movie) / static_cast<float>(n);  // share that is less known
      const float rating = all.rating_tenths(movie) > 0 ? static_cast<float>(all.rating_tenths(movie)) / 10 : 6.5f;
      prior.push_back(given.fame * fame + given.rating * (rating - 6.5f));
    }
  }

  // What `movies` are taken together, as one query of all vectors; weights included.
  std::array<std::vector<float>, kVectorKinds> query(const PreferenceState& state) const {
    std::array<std::vector<float>, kVectorKinds> result;
    const auto add = [&](std::span<const MovieId> movies, float total) {
      for (const MovieId movie : movies) {
        const float weight = total / static_cast<float>(movies.size());
        for (int kind = 0; kind < kVectorKinds; ++kind) {
          const auto row = view.row(static_cast<VectorKind>(kind), movie);
          for (std::size_t i = 0; i < row.size(); ++i) result[kind][i] += weight * view.weights()[kind] * row[i];
        }
      }
    };
    for (auto& vector : result) vector.assign(static_cast<std::size_t>(view.dim()), 0.0f);
    add(state.liked, weights.liked);
    add(state.disliked, weights.disliked);
    return result;
  }

  float similarity(MovieId a, MovieId b) const {
    float sum = 0;
    for (int kind = 0; kind < kVectorKinds; ++kind) {
      const auto of = static_cast<VectorKind>(kind);
      sum += view.weights()[kind] * inner_product(view.row(of, a).data(), view.row(of, b).data(), view.dim());
    }
    return sum;
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
    if (!state.liked.empty() || !state.disliked.empty()) {
      const auto liked = query(state);
      for (int kind = 0; kind < kVectorKinds; ++kind) {
        const float* row = view.all(static_cast<VectorKind>(kind)).data();
        for (MovieId movie = 0; movie < n; ++movie, row += view.dim()) {
          result[movie] += inner_product(row, liked[kind].data(), view.dim());
        }
      }
    }
    return result;
  }

  std::vector<std::uint64_t> allowed(const PreferenceState& state, std::span<const MovieId> excluded) const {
    const std::int32_t n = catalog.size();
    std::vector<std::uint64_t> mask((static_cast<std::size_t>(n) + 63) / 64, ~std::uint64_t{0});
    if (n % 64 != 0) mask.back() = (std::uint64_t{1} << (n % 64)) - 1;
    forbid(mask, excluded);
    forbid(mask, state.liked);
    forbid(mask, state.disliked);
    forbid(mask, state.seen);
    return mask;
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
      const float score = similarity(liked, movie);
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
  const std::vector<std::uint64_t> allowed = impl_->allowed(state, excluded);
  const std::vector<float> scores = impl_->scores(state);
  std::vector<Scored> order;
  order.reserve(scores.size());
  for (MovieId movie = 0; movie < impl_->catalog.size(); ++movie) {
    if ((allowed[static_cast<std::size_t>(movie) / 64] >> (movie % 64) & 1) != 0)
      order.push_back({scores[movie], movie});
  }
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

std::vector<std::uint64_t> MovieRanker::viable(const PreferenceState& state, std::span<const MovieId> excluded) const {
  std::vector<std::uint64_t> mask = impl_->allowed(state, excluded);
  const MovieCatalog& catalog = impl_->catalog;
  const std::uint32_t wanted = mask_of(state.genres), unwanted = mask_of(state.not_genres);
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    const std::int32_t year = impl_->years[movie], runtime = impl_->runtimes[movie];
    const bool fits = (impl_->genres[movie] & wanted) == wanted && (impl_->genres[movie] & unwanted) == 0 &&
                      (!state.years || year == kUnknown || distance(year, *state.years) == 0) &&
                      (!state.runtime || runtime == kUnknown || distance(runtime, *state.runtime) == 0) &&
                      (state.popularity == Popularity::kAny || impl_->popularity[movie] == state.popularity);
    if (!fits) forbid(mask, {&movie, 1});
  }
  for (const PersonId person : state.people) {
    std::vector<std::uint64_t> theirs(mask.size(), 0);
    for_movies_of(catalog, person, [&](MovieId movie) {
      theirs[static_cast<std::size_t>(movie) / 64] |= std::uint64_t{1} << (movie % 64);
    });
    for (std::size_t i = 0; i < mask.size(); ++i) mask[i] &= theirs[i];
  }
  for (const PersonId person : state.not_people) {
    for_movies_of(catalog, person, [&](MovieId movie) { forbid(mask, {&movie, 1}); });
  }
  return mask;
}

}  // namespace matinee
