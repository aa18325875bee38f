#include "lib/vectors/similarity_search.h"

#include <algorithm>

#include "kernels/cosine_topk/cosine_topk.h"

namespace matinee {

MovieMask all_movies(std::int32_t size) {
  MovieMask mask((static_cast<std::size_t>(size) + 63) / 64, ~std::uint64_t{0});
  if (size % 64 != 0) mask.back() = (std::uint64_t{1} << (size % 64)) - 1;
  return mask;
}

SimilaritySearch::SimilaritySearch(const MovieVectorView& view, Context& context)
    : SimilaritySearch(view, context, view.weights()) {}

SimilaritySearch::SimilaritySearch(const MovieVectorView& view, Context& context,
                                   const std::array<float, kVectorKinds>& weights)
    : view_(view),
      context_(context),
      weights_(weights),
      weights_there_(context.allocator(), std::span<const float>(weights)),
      query_(context.allocator(), static_cast<std::size_t>(kVectorKinds * view.dim())) {
  for (int kind = 0; kind < kVectorKinds; ++kind)
    rows_[kind] = DeviceView<float>(context.allocator(), view.all(static_cast<VectorKind>(kind)));
}

std::vector<Neighbor> SimilaritySearch::search(std::span<const SimilarityTerm> terms, std::int32_t k,
                                               std::span<const std::uint64_t> allowed) {
  const std::size_t dim = static_cast<std::size_t>(view_.dim());
  k = std::min(k, view_.size());
  std::vector<Neighbor> found;
  if (k <= 0 || terms.empty()) return found;

  // Scores are linear in the query, so liked and disliked movies make one query.
  std::vector<float> query(kVectorKinds * dim);
  MovieMask mask = allowed.empty() ? all_movies(view_.size()) : MovieMask(allowed.begin(), allowed.end());
  for (const SimilarityTerm& term : terms) {
    remove(mask, term.movie);
    for (int kind = 0; kind < kVectorKinds; ++kind) {
      const auto row = view_.row(static_cast<VectorKind>(kind), term.movie);
      for (std::size_t i = 0; i < dim; ++i) query[kind * dim + i] += term.weight * row[i];
    }
  }
  query_.upload(query);
  upload_filter(mask);
  std::vector<std::int32_t> ids(static_cast<std::size_t>(k));
  std::vector<float> scores(ids.size());
  if (best_.size() < ids.size()) {
    best_ = {context_.allocator(), ids.size()};
    best_scores_ = {context_.allocator(), ids.size()};
  }
  CosineTopkArgs args{.n_queries = 1, .n_rows = view_.size(), .k = k, .n_sets = kVectorKinds};
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    args.sets[kind] = {.dim = view_.dim(),
                       .rows = rows_[kind].data(),
                       .queries = query_.data() + kind * dim,
                       .weights = weights_there_.data() + kind};
  }
  args.filter = filter_.data();
  args.ids = best_.data();
  args.scores = best_scores_.data();
  cosine_topk(context_, args);
  best_.download(ids);
  best_scores_.download(scores);
  for (std::size_t i = 0; i < ids.size() && ids[i] >= 0; ++i) {
    Neighbor neighbor{.movie = ids[i], .score = scores[i]};
    for (int kind = 0; kind < kVectorKinds; ++kind) {
      const auto row = view_.row(static_cast<VectorKind>(kind), ids[i]);
      double sum = 0;
      for (std::size_t j = 0; j < dim; ++j) sum += static_cast<double>(row[j]) * query[kind * dim + j];
      neighbor.parts[kind] = static_cast<float>(weights_[kind] * sum);
    }
    found.push_back(neighbor);
  }
  return found;
}

// From the first word that has changed to the last: what is allowed stays as a rule, and a search leaves out its own
// movies.
void SimilaritySearch::upload_filter(const MovieMask& mask) {
  if (filter_.size() != mask.size()) {
    filter_ = {context_.allocator(), std::span<const std::uint64_t>(mask)};
  } else {
    const auto [first, first_here] = std::mismatch(mask.begin(), mask.end(), filter_here_.begin());
    if (first == mask.end()) return;
    const auto last = std::mismatch(mask.rbegin(), mask.rend(), filter_here_.rbegin()).first.base();
    filter_.upload({first, last}, static_cast<std::size_t>(first - mask.begin()));
  }
  filter_here_ = mask;
}

void SimilaritySearch::all_neighbors(std::int32_t k, std::vector<std::int32_t>& ids, std::vector<float>& scores) {
  const std::int64_t n = view_.size();
  const std::int64_t more = std::min<std::int64_t>(k + 1, n);  // the movie itself is among them, in most cases first
  const auto& memory = context_.allocator();
  std::vector<std::int32_t> found;
  std::vector<float> found_scores;
  {
    DeviceBuffer<std::int32_t> best(memory, static_cast<std::size_t>(n * more));
    DeviceBuffer<float> best_scores(memory, best.size());
    CosineTopkArgs args{.n_queries = n, .n_rows = n, .k = more, .n_sets = kVectorKinds};
    std::array<DeviceBuffer<float>, kVectorKinds> weights;
    for (int kind = 0; kind < kVectorKinds; ++kind) {
      weights[kind] = {memory, static_cast<std::size_t>(n)};
      fill_values(weights[kind], [&] { return weights_[kind]; });
      const float* rows = rows_[kind].data();
      args.sets[kind] = {.dim = view_.dim(), .rows = rows, .queries = rows, .weights = weights[kind].data()};
    }
    args.ids = best.data();
    args.scores = best_scores.data();
    if (n > 0) cosine_topk(context_, args);
    found = best.values();
    found_scores = best_scores.values();
  }
  ids.assign(static_cast<std::size_t>(n * k), -1);
  scores.assign(static_cast<std::size_t>(n * k), 0.0f);
  for (std::int64_t movie = 0; movie < n; ++movie) {
    std::int64_t to = 0;
    for (std::int64_t i = 0; i < more && to < k; ++i) {
      const std::int64_t at = movie * more + i;
      if (found[at] < 0 || found[at] == movie) continue;
      ids[movie * k + to] = found[at];
      scores[movie * k + to++] = found_scores[at];
    }
  }
}

}  // namespace matinee
