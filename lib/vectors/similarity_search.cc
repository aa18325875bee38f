#include "lib/vectors/similarity_search.h"

#include <algorithm>

#include "kernels/cosine_topk/cosine_topk.h"

namespace matinee {
namespace {

// Makes a buffer hold at least `size` elements.
template <class T>
void grow(DeviceBuffer<T>& buffer, const Context& context, std::size_t size) {
  if (buffer.size() < size) buffer = DeviceBuffer<T>(context.allocator(), size);
}

bool has_term(const SimilaritySearch::Terms& terms, MovieId movie) {
  return std::any_of(terms.begin(), terms.end(), [&](const SimilarityTerm& term) { return term.movie == movie; });
}

// Candidates of a first search in a narrow storage, a few times as many as are wanted.
std::int64_t candidates_for(std::int64_t k) { return 3 * k + 32; }

}  // namespace

SimilaritySearch::SimilaritySearch(const MovieVectorView& view, Context& context, DType storage)
    : SimilaritySearch(view, context, view.weights(), storage) {}

SimilaritySearch::SimilaritySearch(const MovieVectorView& view, Context& context, const VectorWeights& weights,
                                   DType storage)
    : view_(view), context_(context), weights_(weights), rows_(view, context, storage) {}

std::vector<Neighbor> SimilaritySearch::search(std::span<const SimilarityTerm> terms, std::int32_t k,
                                               const MovieSet* allowed) {
  const Terms one(terms.begin(), terms.end());
  return search_all({&one, 1}, k, allowed)[0];
}

std::vector<std::vector<Neighbor>> SimilaritySearch::search_all(std::span<const Terms> searches, std::int32_t k,
                                                                const MovieSet* allowed) {
  std::vector<std::vector<Neighbor>> found(searches.size());
  const std::int64_t n = allowed != nullptr ? allowed->end() : view_.size();  // rows to search
  std::size_t most_terms = 0;
  std::vector<std::vector<float>> queries;
  std::vector<std::size_t> places;  // of the searches that have terms
  for (std::size_t i = 0; i < searches.size(); ++i) {
    if (searches[i].empty()) continue;
    most_terms = std::max(most_terms, searches[i].size());
    places.push_back(i);
    queries.push_back(combined_query(view_, searches[i], weights_));
  }
  if (k <= 0 || n == 0 || places.empty()) return found;
  if (allowed != nullptr) upload_filter(*allowed);

  // The terms' own movies may be among the best.
  const std::int64_t wanted = std::min<std::int64_t>(n, k + static_cast<std::int64_t>(most_terms));
  std::int64_t count = rows_.storage() == DType::kF32 ? wanted : std::min(n, candidates_for(wanted));
  while (!places.empty()) {
    const Best best = find_best(queries, count, n, allowed != nullptr);
    std::vector<char> settled(places.size());
    context_.pool().for_blocks(places.size(), 16, [&](std::size_t begin, std::size_t end, int) {
      for (std::size_t i = begin; i < end; ++i) {
        const std::size_t at = i * static_cast<std::size_t>(count);
        const std::span candidates(best.ids.data() + at, static_cast<std::size_t>(count));
        found[places[i]] = neighbors_of(searches[places[i]], queries[i], candidates, k);
        const std::size_t last = at + static_cast<std::size_t>(count) - 1;
        settled[i] = count == n || best.ids[last] < 0 || is_settled(queries[i], found[places[i]], k, best.scores[last]);
      }
    });
    // What is not settled is searched again, with more candidates.
    std::size_t kept = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (settled[i] != 0) continue;
      places[kept] = places[i];
      if (kept != i) queries[kept] = std::move(queries[i]);
      ++kept;
    }
    places.resize(kept);
    queries.resize(kept);
    count = std::min(n, 4 * count);
  }
  return found;
}

// The best of the first n_rows rows by the stored vectors; -1 past the last.
SimilaritySearch::Best SimilaritySearch::find_best(std::span<const std::vector<float>> queries, std::int64_t k,
                                                   std::int64_t n_rows, bool filtered) {
  const std::size_t n = queries.size(), dim = static_cast<std::size_t>(view_.dim());
  std::vector<float> by_kind(kVectorKinds * n * dim);
  for (std::size_t q = 0; q < n; ++q) {
    for (std::size_t kind = 0; kind < kVectorKinds; ++kind) {
      std::copy_n(queries[q].begin() + static_cast<std::ptrdiff_t>(kind * dim), dim,
                  by_kind.begin() + static_cast<std::ptrdiff_t>((kind * n + q) * dim));
    }
  }
  grow(queries_, context_, by_kind.size());
  queries_.upload(by_kind);
  if (weights_there_.size() < n) {
    weights_there_ = DeviceBuffer<float>(context_.allocator(), std::vector<float>(n, 1.0f));  // queries include them
  }
  const std::size_t size = n * static_cast<std::size_t>(k);
  grow(best_, context_, size);
  grow(best_scores_, context_, size);
  CosineTopkArgs args{.n_queries = static_cast<std::int64_t>(n),
                      .n_rows = n_rows,
                      .k = k,
                      .n_sets = kVectorKinds,
                      .sets = {},
                      .storage = rows_.storage(),
                      .filter = filtered ? filter_.data() : nullptr,
                      .ids = best_.data(),
                      .scores = best_scores_.data()};
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    args.sets[kind] = rows_.set(kind);
    args.sets[kind].queries = queries_.data() + static_cast<std::size_t>(kind) * n * dim;
    args.sets[kind].weights = weights_there_.data();
  }
  cosine_topk(context_, args);
  Best best{std::vector<std::int32_t>(size), std::vector<float>(size)};
  best_.download(best.ids);
  best_scores_.download(best.scores);
  return best;
}

// The best k of n candidates. Their scores are sums in one order, so that they are the same on every device and for
// every storage.
std::vector<Neighbor> SimilaritySearch::neighbors_of(const Terms& terms, std::span<const float> query,
                                                     std::span<const std::int32_t> candidates, std::int32_t k) const {
  std::vector<Neighbor> found;
  found.reserve(candidates.size());
  for (const std::int32_t movie : candidates) {
    if (movie < 0) break;
    if (has_term(terms, movie)) continue;
    const auto parts = similarity_parts(view_, query, movie);
    found.push_back({movie, parts[0] + parts[1] + parts[2], parts});
  }
  std::sort(found.begin(), found.end(), [](const Neighbor& a, const Neighbor& b) {
    return a.score > b.score || (a.score == b.score && a.movie < b.movie);
  });
  found.resize(std::min(found.size(), static_cast<std::size_t>(k)));
  return found;
}

// Whether no movie whose stored vectors score last_score or less can be among the best k.
bool SimilaritySearch::is_settled(std::span<const float> query, const std::vector<Neighbor>& found, std::int32_t k,
                                  float last_score) const {
  if (rows_.storage() == DType::kF32) return true;
  return found.size() == static_cast<std::size_t>(k) && found.back().score > last_score + rows_.error_bound(query);
}

// Uploads from the first changed word to the last.
void SimilaritySearch::upload_filter(const MovieSet& filter) {
  const std::span<const std::uint64_t> words = filter.words(), here = filter_here_.words();
  if (filter_.size() != words.size()) {
    filter_ = {context_.allocator(), words};
  } else {
    const auto first = std::mismatch(words.begin(), words.end(), here.begin()).first;
    if (first == words.end()) return;
    const auto last = std::mismatch(words.rbegin(), words.rend(), here.rbegin()).first.base();
    filter_.upload({first, last}, static_cast<std::size_t>(first - words.begin()));
  }
  filter_here_ = filter;
}

void SimilaritySearch::all_neighbors(std::int32_t k, std::vector<std::int32_t>& ids, std::vector<float>& scores,
                                     const MovieSet* allowed, const std::function<void(std::size_t)>& done) {
  constexpr std::size_t kBatch = 4096;
  const auto n = static_cast<std::size_t>(view_.size()), width = static_cast<std::size_t>(k);
  ids.assign(n * width, -1);
  scores.assign(n * width, 0.0f);
  std::vector<Terms> batch;
  for (std::size_t first = 0; first < n; first += batch.size()) {
    batch.clear();
    for (std::size_t movie = first; movie < std::min(n, first + kBatch); ++movie)
      batch.push_back({{static_cast<MovieId>(movie)}});
    const auto found = search_all(batch, k, allowed);
    for (std::size_t i = 0; i < found.size(); ++i) {
      for (std::size_t j = 0; j < found[i].size(); ++j) {
        ids[(first + i) * width + j] = found[i][j].movie;
        scores[(first + i) * width + j] = found[i][j].score;
      }
    }
    if (done) done(first + batch.size());
  }
}

}  // namespace matinee
