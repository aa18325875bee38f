#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/vectors/movie_vectors.h"

namespace matinee {

/// The vectors of all movies with 8 bits per element, which is a quarter of the memory to read. They tell which movies
/// can be among the most similar ones; similarity.h then gives the exact scores of these few. Immutable.
class RoughSimilarity {
 public:
  explicit RoughSimilarity(const MovieVectorView& view);

  /// Adds to scores[i] what add_similarities(view, query, ...) adds for movies[i], off by at most the error that it
  /// returns.
  float add(std::span<const float> query, std::span<const MovieId> movies, std::span<float> scores) const;

 private:
  std::size_t dim_, width_;                      // elements of a row, with those that make it a multiple of 16
  std::vector<std::int8_t> rows_;                // [movies, width]: title, cast and crew
  std::vector<float> steps_;                     // of a row's integers
  std::array<float, kVectorKinds> residuals_{};  // lengths, at most, of what rounding took from a vector
};

}  // namespace matinee
