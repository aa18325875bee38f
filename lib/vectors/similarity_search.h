#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/device_buffer.h"
#include "lib/vectors/movie_vectors.h"

namespace matinee {

/// A movie that the result should resemble (weight > 0) or not (weight < 0).
struct SimilarityTerm {
  MovieId movie;
  float weight = 1;
};

struct Neighbor {
  MovieId movie = -1;
  float score = 0;
  std::array<float, kVectorKinds> parts{};  ///< what each vector contributed, weight included; they sum up to score
};

/// Movies as a bit mask: bit m % 64 of word m / 64.
using MovieMask = std::vector<std::uint64_t>;
MovieMask all_movies(std::int32_t size);
inline bool has(std::span<const std::uint64_t> mask, MovieId movie) {
  return (mask[static_cast<std::size_t>(movie) / 64] >> (movie % 64)) & 1;
}
inline void remove(MovieMask& mask, MovieId movie) {
  mask[static_cast<std::size_t>(movie) / 64] &= ~(std::uint64_t{1} << (movie % 64));
}

/// Exact nearest movies by score = Σ_terms weight · Σ_kinds weight_kind · cosine. One search at a time per object. The
/// catalog's vectors are brought to the context's device once; a search allocates only where it wants more than any
/// before, and brings its query and what has changed of the filter.
class SimilaritySearch {
 public:
  /// `view` and `context` must outlive this.
  SimilaritySearch(const MovieVectorView& view, Context& context);
  SimilaritySearch(const MovieVectorView& view, Context& context, const std::array<float, kVectorKinds>& weights);

  /// Best first, ties by smaller id; the terms' own movies are left out. `allowed`: who may be returned; empty: all.
  /// Fewer than k where fewer are allowed.
  std::vector<Neighbor> search(std::span<const SimilarityTerm> terms, std::int32_t k,
                               std::span<const std::uint64_t> allowed = {});
  /// The k nearest of every movie, [movies, k]: ids (-1 where there are fewer) and scores.
  void all_neighbors(std::int32_t k, std::vector<std::int32_t>& ids, std::vector<float>& scores);

 private:
  void upload_filter(const MovieMask& mask);

  const MovieVectorView& view_;
  Context& context_;
  std::array<float, kVectorKinds> weights_;
  std::array<DeviceView<float>, kVectorKinds> rows_;
  // Of one search, on the device.
  DeviceBuffer<float> weights_there_, query_, best_scores_;  // [kVectorKinds]; [kVectorKinds, dim]
  DeviceBuffer<std::int32_t> best_;
  DeviceBuffer<std::uint64_t> filter_;
  MovieMask filter_here_;  // what filter_ holds
};

}  // namespace matinee
