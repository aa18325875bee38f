#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/device_buffer.h"
#include "lib/catalog/movie_set.h"
#include "lib/vectors/movie_vectors.h"
#include "lib/vectors/similarity.h"
#include "lib/vectors/stored_vectors.h"

namespace matinee {

struct Neighbor {
  MovieId movie = -1;
  float score = 0;
  std::array<float, kVectorKinds> parts{};  ///< what each vector contributed, weight included; they sum up to score
};

/// Exact nearest movies by score = Σ_terms weight · Σ_kinds weight_kind · cosine. One search at a time per object. The
/// constructor uploads the catalog's vectors to the context's device; a search uploads its queries and the words of the
/// filter that have changed, and allocates only when it is larger than any search before.
class SimilaritySearch {
 public:
  using Terms = std::vector<SimilarityTerm>;

  /// `view` and `context` must outlive this. `storage`: how the device holds the vectors. With kBF16 or kI8, more
  /// candidates than asked for are found and scored again in float32, until no other movie can be among the best. So
  /// all storages and devices give the same scores; at the end of a list, movies whose scores differ by less than
  /// float32's rounding may stand for each other.
  SimilaritySearch(const MovieVectorView& view, Context& context, DType storage = DType::kF32);
  SimilaritySearch(const MovieVectorView& view, Context& context, const VectorWeights& weights,
                   DType storage = DType::kF32);

  /// Best first, ties by smaller id; the terms' own movies are left out. Only movies of `allowed` are returned (null:
  /// of the whole catalog); fewer than k if it has fewer.
  std::vector<Neighbor> search(std::span<const SimilarityTerm> terms, std::int32_t k,
                               const MovieSet* allowed = nullptr);
  /// The same for many searches at once, which reads the vectors less often.
  std::vector<std::vector<Neighbor>> search_all(std::span<const Terms> searches, std::int32_t k,
                                                const MovieSet* allowed = nullptr);
  /// The k nearest of every movie, [movies, k]: ids (-1 where there are fewer) and scores. Only movies of `allowed` are
  /// returned, as above. `done` is called with the number of movies that are done, for progress.
  void all_neighbors(std::int32_t k, std::vector<std::int32_t>& ids, std::vector<float>& scores,
                     const MovieSet* allowed = nullptr, const std::function<void(std::size_t)>& done = {});

 private:
  struct Best {
    std::vector<std::int32_t> ids;  // [searches, k]
    std::vector<float> scores;
  };

  void upload_filter(const MovieSet& filter);
  Best find_best(std::span<const std::vector<float>> queries, std::int64_t k, std::int64_t n_rows, bool filtered);
  std::vector<Neighbor> neighbors_of(const Terms& terms, std::span<const float> query,
                                     std::span<const std::int32_t> candidates, std::int32_t k) const;
  bool is_settled(std::span<const float> query, const std::vector<Neighbor>& found, std::int32_t k,
                  float last_score) const;

  const MovieVectorView& view_;
  Context& context_;
  VectorWeights weights_;
  StoredVectors rows_;
  // Of the largest search so far, on the device: [kVectorKinds, searches, dim], [kVectorKinds, searches], [searches,
  // k].
  DeviceBuffer<float> queries_, weights_there_, best_scores_;
  DeviceBuffer<std::int32_t> best_;
  DeviceBuffer<std::uint64_t> filter_;
  MovieSet filter_here_;  // what filter_ holds
};

}  // namespace matinee
