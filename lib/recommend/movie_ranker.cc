#include "lib/recommend/movie_ranker.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <mutex>
#include <numeric>
#include <utility>

#include "lib/catalog/fold_name.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/recommend/broken_wishes.h"
#include "lib/recommend/movie_columns.h"
#include "lib/recommend/rough_similarity.h"

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

// What is the same for all movies that a state is compared with.
struct Wishes {
  explicit Wishes(const PreferenceState& all)
      : state(all),
        wanted(mask_of(all.genres)),
        unwanted(mask_of(all.not_genres)),
        either_genre(one_is_enough(all, Slot::kGenre)),
        people_wanted(one_is_enough(all, Slot::kPerson) ? 1 : static_cast<std::int32_t>(all.people.size())) {
    for (const std::string& keyword : all.keywords) keywords.push_back(" " + fold_name(keyword));
  }

  const PreferenceState& state;
  std::uint32_t wanted, unwanted;
  bool either_genre;
  std::int32_t people_wanted;
  std::vector<std::string> keywords;  // folded, with a space before them
};

// Sorts the best `count` and drops the others.
void keep_best(std::vector<Scored>& order, std::size_t count) {
  if (count < order.size()) {
    if (count > 0)
      std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count) - 1, order.end(), better);
    order.resize(count);
  }
  std::sort(order.begin(), order.end(), better);
}

// More than float32 sums of a score's terms are off.
constexpr float kRounding = 0.1f;

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
  FactSets facts;
  std::vector<float> prior;    // the score before anything is known of the user
  std::vector<float> quality;  // shrunk ratings
  float highest_prior;
  mutable std::once_flag rough_made;
  mutable std::optional<RoughSimilarity> rough_vectors;

  Impl(const MovieCatalog& all, const RankerWeights& given)
      : catalog(all),
        view(all),
        weights(given),
        vector_weights(given.vectors.value_or(view.weights())),
        columns(all),
        facts(all),
        prior(movie_prior(all, view.likes(), given.prior)),
        quality(movie_prior(all, {}, {.votes = 0, .likes = 0, .rating = 1})),
        highest_prior(prior.empty() ? 0 : *std::max_element(prior.begin(), prior.end())) {}

  // Made when it is first needed.
  const RoughSimilarity& rough() const {
    std::call_once(rough_made, [&] { rough_vectors.emplace(view); });
    return *rough_vectors;
  }

  std::vector<float> query(const PreferenceState& state) const {
    return combined_query(view, similarity_terms(state.liked, state.disliked, weights), vector_weights);
  }

  // Genres: one of them or each, as the user said.
  float genre_score(const Wishes& wishes, std::uint32_t has, Fit& fit) const {
    const int present = std::popcount(has & wishes.wanted), absent = std::popcount(wishes.wanted & ~has);
    const int against = std::popcount(has & wishes.unwanted);
    float score = weights.unwanted_genre * static_cast<float>(against);
    if (against > 0) fit = Fit::kBroken;
    if (wishes.either_genre && wishes.wanted != 0) {
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

  float facts_score(const Wishes& wishes, std::size_t movie, Fit& fit) const {
    const PreferenceState& state = wishes.state;
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
    for (const std::string& keyword : wishes.keywords) {
      if (columns.titles[movie].find(keyword) != std::string::npos) score += weights.keyword;
    }
    return score;
  }

  // Of a movie in which so many of the people take part.
  float people_score(const Wishes& wishes, std::int32_t present, Fit& fit) const {
    const std::int32_t needed = std::min(present, wishes.people_wanted);
    if (needed < wishes.people_wanted) fit = Fit::kBroken;
    return weights.person * static_cast<float>(needed) + weights.further * static_cast<float>(present - needed) +
           weights.person_missing * static_cast<float>(wishes.people_wanted - needed);
  }

  // A person in the cast or a director.
  void add_people(const Wishes& wishes, Assessment& result) const {
    const PreferenceState& state = wishes.state;
    if (!state.people.empty()) {
      std::vector<std::int32_t> present(result.scores.size(), 0);
      for (const PersonId person : state.people)
        for_movies_of(catalog, person, [&](MovieId movie) { ++present[static_cast<std::size_t>(movie)]; });
      for (std::size_t movie = 0; movie < present.size(); ++movie)
        result.scores[movie] += people_score(wishes, present[movie], result.fits[movie]);
    }
    for (const PersonId person : state.not_people) {
      for_movies_of(catalog, person, [&](MovieId movie) {
        result.scores[static_cast<std::size_t>(movie)] += weights.unwanted_person;
        result.fits[static_cast<std::size_t>(movie)] = Fit::kBroken;
      });
    }
  }

  // Scores by facts and prior, without similarity.
  Assessment assess_facts(const Wishes& wishes) const {
    Assessment result{prior, std::vector<Fit>(prior.size(), Fit::kAll)};
    for (std::size_t movie = 0; movie < prior.size(); ++movie) {
      result.scores[movie] += genre_score(wishes, columns.genres[movie], result.fits[movie]);
      result.scores[movie] += facts_score(wishes, movie, result.fits[movie]);
    }
    add_people(wishes, result);
    return result;
  }

  // The same scores, to the bit, of movies that meet all wishes.
  std::vector<Scored> fitting_scores(const Wishes& wishes, const MovieSet& fitting) const {
    const PreferenceState& state = wishes.state;
    std::vector<Scored> scored;
    scored.reserve(static_cast<std::size_t>(fitting.count()));
    Fit fit = Fit::kAll;
    fitting.for_each([&](MovieId movie) {
      const auto at = static_cast<std::size_t>(movie);
      float score = prior[at];
      score += genre_score(wishes, columns.genres[at], fit);
      score += facts_score(wishes, at, fit);
      if (!state.people.empty()) {
        const auto present = std::count_if(state.people.begin(), state.people.end(),
                                           [&](PersonId person) { return takes_part(catalog, movie, person); });
        score += people_score(wishes, static_cast<std::int32_t>(present), fit);
      }
      scored.push_back({score, movie});
    });
    return scored;
  }

  // Adds similarity to the scores, and keeps the best `count`. `behind`: what is added last, by movie; or nothing.
  void add_similarity_and_keep_best(const PreferenceState& state, std::size_t count, std::vector<Scored>& order,
                                    const std::function<float(MovieId)>& behind) const {
    const bool similar = !state.liked.empty() || !state.disliked.empty();
    std::vector<MovieId> movies;
    std::vector<float> scores;
    const auto split = [&] {
      movies.clear();
      scores.clear();
      for (const Scored& one : order) {
        movies.push_back(one.movie);
        scores.push_back(one.score);
      }
    };
    const std::vector<float> like = similar ? query(state) : std::vector<float>();
    if (similar && order.size() > count && count > 0) {
      // Those that may be among the best by their rough similarity.
      split();
      const float error = rough().add(like, movies, scores);
      std::vector<float> sums = scores;
      if (behind)
        for (std::size_t i = 0; i < sums.size(); ++i) scores[i] = sums[i] += behind(movies[i]);
      std::nth_element(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(count) - 1, sums.end(),
                       std::greater<>());
      const float least = sums[count - 1] - 2 * error - kRounding / 10;
      std::size_t kept = 0;
      for (std::size_t i = 0; i < order.size(); ++i) {
        if (scores[i] >= least) order[kept++] = order[i];
      }
      order.resize(kept);
    }
    if (similar) {
      split();
      add_similarities(view, like, movies, scores);
      for (std::size_t i = 0; i < order.size(); ++i) order[i].score = scores[i];
    }
    if (behind)
      for (Scored& one : order) one.score += behind(one.movie);
    keep_best(order, count);
  }

  // No movie's score is higher before what is taken from those that break a wish.
  float highest_score(const Wishes& wishes) const {
    const PreferenceState& state = wishes.state;
    const auto most = [](std::initializer_list<float> terms) { return std::max(0.0f, std::max(terms)); };
    const auto count = [](const auto& list) { return static_cast<float>(list.size()); };
    float sum = highest_prior;
    sum += count(state.genres) * most({weights.genre, weights.genre_missing, weights.further});
    sum += count(state.not_genres) * most({weights.unwanted_genre});
    sum += count(state.people) * most({weights.person, weights.person_missing, weights.further});
    sum += count(state.not_people) * most({weights.unwanted_person});
    sum += count(state.keywords) * most({weights.keyword});
    if (state.years)
      sum += most({weights.years, weights.years_missed, weights.years_missed + 4 * weights.per_decade_off});
    if (state.not_years) sum += most({weights.unwanted_years});
    if (state.runtime)
      sum += most({weights.runtime, weights.runtime_missed, weights.runtime_missed + 4 * weights.per_20_minutes});
    if (state.popularity != Popularity::kAny) sum += most({weights.popularity, weights.popularity_missed});
    if (state.min_rating) sum += most({10 * weights.rating_missed});
    if (state.age) sum += most({weights.age, weights.age_missed});
    if (state.liked.empty() && state.disliked.empty()) return sum + kRounding;
    // Rows have a length of 1 at most.
    const std::vector<float> both = query(state);
    const auto dim = static_cast<std::ptrdiff_t>(view.dim());
    for (auto row = both.begin(); row != both.end(); row += dim)
      sum += std::sqrt(std::inner_product(row, row + dim, row, 0.0f));
    return sum + kRounding;
  }

  // nearest() where movies meet all wishes, without a look at the others; nothing where another one may rank among
  // them.
  std::optional<NearestMovies> nearest_fitting(const PreferenceState& state, const MovieSet& fitting,
                                               std::int32_t k) const {
    const Wishes wishes(state);
    std::vector<Scored> order = fitting_scores(wishes, fitting);
    if (order.empty() || k < 1) return {};
    add_similarity_and_keep_best(state, static_cast<std::size_t>(k), order, {});
    if (!(order.back().score > highest_score(wishes) + std::max(kBehind[1], kBehind[2]))) return {};
    NearestMovies found;
    found.candidates.reserve(order.size());
    for (const Scored& one : order) found.candidates.push_back({one.movie, one.score, {}});
    return found;
  }

  // Scores of all movies where an order is asked for.
  Assessment assess_in_order(const PreferenceState& state, const MovieSet& allowed) const {
    Assessment result = assess_facts(Wishes(state));
    if (!state.liked.empty() || !state.disliked.empty()) add_similarities(view, query(state), result.scores);
    put_in_order(state, allowed, result);
    for (std::size_t movie = 0; movie < prior.size(); ++movie)
      result.scores[movie] += kBehindInOrder[static_cast<std::size_t>(result.fits[movie])];
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

  // rank_among without reasons and broken wishes.
  std::vector<Candidate> best(const PreferenceState& state, MovieSet allowed, std::int32_t k) const {
    erase_known(allowed, state);
    const auto count = static_cast<std::size_t>(std::max(k, 0));
    std::vector<Scored> order;
    order.reserve(prior.size());
    const bool in_order = state.sort != SortOrder::kNone;
    const Assessment found = in_order ? assess_in_order(state, allowed) : assess_facts(Wishes(state));
    allowed.for_each([&](MovieId movie) { order.push_back({found.scores[static_cast<std::size_t>(movie)], movie}); });
    if (in_order) {
      keep_best(order, count);
    } else {
      add_similarity_and_keep_best(state, count, order, [&](MovieId movie) {
        return kBehind[static_cast<std::size_t>(found.fits[static_cast<std::size_t>(movie)])];
      });
    }
    std::vector<Candidate> result;
    result.reserve(order.size());
    for (const Scored& one : order) result.push_back({one.movie, one.score, {}});
    return result;
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
  std::vector<Candidate> result = impl_->best(state, std::move(allowed), k);
  for (Candidate& candidate : result) explain(state, candidate);
  return result;
}

NearestMovies MovieRanker::nearest(const PreferenceState& state, std::span<const MovieId> excluded,
                                   std::int32_t k) const {
  if (state.sort == SortOrder::kNone) {
    if (auto found = impl_->nearest_fitting(state, viable(state, excluded), k)) return std::move(*found);
  }
  MovieSet allowed = MovieSet::all(impl_->catalog.size());
  allowed.erase(excluded);
  std::vector<Candidate> ranked = impl_->best(state, std::move(allowed), k);
  for (Candidate& candidate : ranked)
    candidate.broken = broken_wishes(impl_->catalog, impl_->columns, state, candidate.movie);
  return nearest_of(std::move(ranked));
}

void MovieRanker::explain(const PreferenceState& state, Candidate& candidate) const {
  candidate.reasons = impl_->reasons(state, candidate.movie);
  candidate.broken = broken_wishes(impl_->catalog, impl_->columns, state, candidate.movie);
}

MovieSet MovieRanker::viable(const PreferenceState& state, std::span<const MovieId> excluded) const {
  MovieSet viable = impl_->facts.meeting(state, UnknownFacts::kBreak);
  viable.erase(excluded);
  erase_known(viable, state);
  return viable;
}

std::vector<MovieId> MovieRanker::alike(MovieId movie, std::int32_t k) const {
  PreferenceState state;
  state.liked = {movie};
  std::vector<Scored> order;
  order.reserve(impl_->prior.size());
  for (MovieId other = 0; other < impl_->catalog.size(); ++other) {
    if (other != movie) order.push_back({0, other});
  }
  impl_->add_similarity_and_keep_best(state, static_cast<std::size_t>(std::max(k, 0)), order, {});
  std::vector<MovieId> found;
  for (const Scored& one : order) found.push_back(one.movie);
  return found;
}

const FactSets& MovieRanker::facts() const { return impl_->facts; }

}  // namespace matinee
