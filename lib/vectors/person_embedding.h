#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/vectors/movie_features.h"
#include "lib/vectors/mutual_information.h"

namespace matinee {

/// One vector per person of at least two movies, of unit length.
struct PersonVectors {
  std::int64_t dim = 0;
  std::vector<std::int32_t> row_of;  ///< by person; -1: no vector
  std::vector<float> rows;           ///< [·, dim]
};

/// How people become vectors. People who work with the same people and in movies of similar genres, years and
/// popularity have similar ones.
///
/// Two steps: positive mutual information of person and context, with contexts = other people, genres, bumps of year
/// and votes, words of the title; then a truncated SVD of it, u·√s (Levy, Goldberg, Dagan 2015, "Improving
/// distributional similarity with lessons learned from word embeddings", TACL 3). The matrix of the SVD is bounded: it
/// has the kMatrixRows people of the most movies and the kContexts contexts of the most movies. The others' vectors
/// follow from its right singular vectors, u·√s = A·v/√s.
class PersonEmbedding {
 public:
  static constexpr std::int32_t kMatrixRows = 65536, kContexts = 65536;

  /// `product_done` as of truncated_svd. Smaller limits are for tests.
  PersonEmbedding(const MovieFeatures& features, std::int64_t dim, std::uint64_t seed, ThreadPool& pool,
                  const std::function<void()>& product_done = {}, std::int32_t matrix_rows = kMatrixRows,
                  std::int32_t contexts = kContexts);
  PersonEmbedding(const PersonEmbedding&) = delete;  // its parts refer to each other
  PersonEmbedding& operator=(const PersonEmbedding&) = delete;
  /// Sparse products of the constructor.
  static int products();

  PersonVectors actors(ThreadPool& pool) const { return vectors_of(actors_, pool); }  ///< people as cast
  PersonVectors makers(ThreadPool& pool) const { return vectors_of(makers_, pool); }  ///< people as crew

 private:
  PersonVectors vectors_of(const MutualInformation& people, ThreadPool& pool) const;

  std::int64_t dim_;
  std::int32_t people_count_;
  SparseRows contexts_;  // [movies, contexts]
  MutualInformation actors_, makers_;
  std::vector<float> axes_;  // [contexts, dim]: v/√s; zeros beyond the rank
};

}  // namespace matinee
