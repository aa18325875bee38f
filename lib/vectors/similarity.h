#pragma once

#include <array>
#include <span>
#include <vector>

#include "lib/vectors/movie_vectors.h"

namespace matinee {

/// A movie that the result should resemble (weight > 0) or not (weight < 0).
struct SimilarityTerm {
  MovieId movie;
  float weight = 1;
};

/// Weights of the title, cast and crew vectors.
using VectorWeights = std::array<float, kVectorKinds>;

/// Scores are linear in the query, so several movies make one: [kVectorKinds, dim], row `kind` is
/// Σ_terms weight · weights[kind] · row(kind, movie).
std::vector<float> combined_query(const MovieVectorView& view, std::span<const SimilarityTerm> terms,
                                  const VectorWeights& weights);

/// scores[m] += Σ_kinds query[kind] · row(kind, m) for every movie m, for sums with other scores; SimilaritySearch
/// finds the best few faster. Float32 sums in one order on every processor, so that what is ranked by them is the same
/// everywhere.
void add_similarities(const MovieVectorView& view, std::span<const float> query, std::span<float> scores);

/// The same for some movies: scores[i] is that of movies[i].
void add_similarities(const MovieVectorView& view, std::span<const float> query, std::span<const MovieId> movies,
                      std::span<float> scores);

/// What each vector contributes to the score of `movie`: query[kind] · row(kind, movie); sums as above.
std::array<float, kVectorKinds> similarity_parts(const MovieVectorView& view, std::span<const float> query,
                                                 MovieId movie);

/// Σ_kinds weights[kind] · cosine of the two movies' vectors; sums as above.
float similarity(const MovieVectorView& view, const VectorWeights& weights, MovieId a, MovieId b);

}  // namespace matinee
