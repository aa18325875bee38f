#include "lib/vectors/similarity_search.h"

#include <algorithm>

#include "kernels/cosine_topk/cosine_topk.h"

namespace matinee {

SimilaritySearch::SimilaritySearch(const MovieVectorView& view, Context& context)
    : SimilaritySearch(view, context, view.weights()) {}

SimilaritySearch::SimilaritySearch(const MovieVectorView& view, Context& context, const VectorWeights& weights)
    : view_(view),
      context_(context),
      weights_(weights),
      weights_there_(context.allocator(), std::span<const float>(weights)),
      query_(context.allocator(), static_cast<std::size_t>(kVectorKinds * view.dim())) {
  for (int kind = 0; kind < kVectorKinds; ++kind)
    rows_[kind] = DeviceView<float>(context.allocator(), view.all(static_cast<VectorKind>(kind)));
}

std::vector<Neighbor> SimilaritySearch::search(std::span<const SimilarityTerm> terms, std::int32_t k,
                                               const MovieSet* allowed) {
  const std::size_t dim = static_cast<std::size_t>(view_.dim());
  k = std::min(k, view_.size());
  std::vector<Neighbor> found;
  if (k <= 0 || terms.empty()) return found;

  const std::vector<float> query = combined_query(view_, terms, {1, 1, 1});  // the kernel applies weights_
  MovieSet filter = allowed == nullptr ? MovieSet::all(view_.size()) : *allowed;
  for (const SimilarityTerm& term : terms) filter.erase(term.movie);
  query_.upload(query);
  upload_filter(filter);
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

// Uploads from the first changed word to the last: two searches in a row usually differ only in their own movies.
void SimilaritySearch::upload_filter(const MovieSet& filter) {
  const auto words = filter.words(), here = filter_here_.words();
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
