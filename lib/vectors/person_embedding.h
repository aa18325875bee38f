#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/vectors/movie_features.h"

namespace matinee {

/// One vector per person, [people_count, dim], of unit length, or zero for people of fewer than two movies. People who
/// work with the same people and in movies of similar genres, years and popularity have similar vectors.
///
/// Two steps: positive pointwise mutual information of person and context over the movies,
/// max(0, ln(n(p, c)·n / (n(p)·n(c)^0.75)) up to the scale of the smoothed counts), with contexts = other people,
/// genres, bumps of year and votes, words of the title; then a truncated SVD of it, u·√s (Levy, Goldberg, Dagan 2015,
/// "Improving distributional similarity with lessons learned from word embeddings", TACL 3).
struct PersonEmbedding {
  std::int64_t dim = 0;
  std::vector<float> actors;  ///< vectors of people as cast
  std::vector<float> makers;  ///< vectors of people as crew
};

PersonEmbedding person_embedding(const MovieFeatures& features, std::int64_t dim, std::uint64_t seed, ThreadPool& pool);

/// Σ over smoothed counts, see above: [rows of `who` transposed] × contexts, only positive values kept. For tests too.
SparseRows positive_mutual_information(const SparseRows& who, const SparseRows& contexts, std::int32_t at_least,
                                       ThreadPool& pool);

}  // namespace matinee
