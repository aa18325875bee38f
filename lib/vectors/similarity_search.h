#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/device_buffer.h"
#include "lib/catalog/movie_set.h"
#include "lib/vectors/movie_vectors.h"
#include "lib/vectors/similarity.h"

namespace matinee {

struct Neighbor {
  MovieId movie = -1;
  float score = 0;
  std::array<float, kVectorKinds> parts{};  ///< what each vector contributed, weight included; they sum up to score
};

/// Exact nearest movies by score = Σ_terms weight · Σ_kinds weight_kind · cosine. One search at a time per object. The
/// constructor uploads the catalog's vectors to the context's device; a search uploads its query and the words of the
/// filter that have changed, and allocates only when k is larger than in any search before.
class SimilaritySearch {
 public:
  /// `view` and `context` must outlive this.
  SimilaritySearch(const MovieVectorView& view, Context& context);
  SimilaritySearch(const MovieVectorView& view, Context& context, const VectorWeights& weights);

  /// Best first, ties by smaller id; the terms' own movies are left out. Only movies of `allowed` are returned (null:
  /// of the whole catalog); fewer than k if it has fewer.
  std::vector<Neighbor> search(std::span<const SimilarityTerm> terms, std::int32_t k,
                               const MovieSet* allowed = nullptr);
  /// The k nearest of every movie, [movies, k]: ids (-1 where there are fewer) and scores.
  void all_neighbors(std::int32_t k, std::vector<std::int32_t>& ids, std::vector<float>& scores);

 private:
  void upload_filter(const MovieSet& filter);

  const MovieVectorView& view_;
  Context& context_;
  VectorWeights weights_;
  std::array<DeviceView<float>, kVectorKinds> rows_;
  // Of one search, on the device.
  DeviceBuffer<float> weights_there_, query_, best_scores_;  // [kVectorKinds]; [kVectorKinds, dim]
  DeviceBuffer<std::int32_t> best_;
  DeviceBuffer<std::uint64_t> filter_;
  MovieSet filter_here_;  // what filter_ holds
};

}  // namespace matinee
