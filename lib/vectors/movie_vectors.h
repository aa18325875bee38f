#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/base/begin_progress.h"
#include "lib/base/parallel.h"
#include "lib/catalog/movie_catalog.h"
#include "lib/io/safetensors.h"

namespace matinee {

enum class VectorKind : std::uint8_t { kTitle, kCast, kCrew };
inline constexpr int kVectorKinds = 3;
/// "title", "cast", "crew".
const char* name_of(VectorKind kind);

/// How the vectors are made; chosen by measurement (docs/embeddings.md).
struct VectorOptions {
  std::int64_t dim = 128;
  std::uint64_t seed = 1;
  std::string method = "cooccurrence";  ///< or "projection": one-hot features, randomly projected
  std::array<float, kVectorKinds> weights{0.38f, 0.42f, 0.20f};
  std::string co_likes{};  ///< file in the format of co_likes.txt; "": the shipped one; "none": no likes are known
};

/// {"0.6", "0.25", "0.15"} as numbers. Throws Error(kUsage) unless they are three numbers of at least 0.
std::array<float, kVectorKinds> weights_from_words(std::span<const std::string> words);

/// The three vectors of each movie, [movies, dim] each, row-major, every row of unit length or zero (nothing known).
/// They are centered: the mean of what is known was subtracted before the last scaling.
struct MovieVectors {
  std::int64_t dim = 0;
  std::array<std::vector<float>, kVectorKinds> rows;
  std::vector<std::int32_t> likes;  ///< dialogues in which somebody liked the movie; empty: not known
};

/// Makes the vectors, one kind after the other, so that they need not be in memory together. Deterministic by
/// options.seed, with any number of threads.
class MovieVectorMaker {
 public:
  /// Throws Error(kMissing / kBadData) for options.co_likes. The catalog and the pool must outlive this.
  MovieVectorMaker(const MovieCatalog& catalog, const VectorOptions& options, ThreadPool& pool,
                   const BeginProgress& progress);
  ~MovieVectorMaker();

  /// [movies, dim]. Called once for each kind, in their order: what later kinds do not need is freed.
  std::vector<float> rows(VectorKind kind);
  const std::vector<std::int32_t>& likes() const;  ///< as in MovieVectors

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// All kinds at once.
MovieVectors make_movie_vectors(const MovieCatalog& catalog, const VectorOptions& options, ThreadPool& pool);

/// Tensors "vectors.title", "vectors.cast", "vectors.crew" [movies, dim] F32 and, where known, "likes" [movies] I32.
void declare_vectors(SafetensorsWriter& writer, std::int32_t movies, std::int64_t dim, bool with_likes);
void write_vectors(SafetensorsWriter& writer, VectorKind kind, std::span<const float> rows);
void write_likes(SafetensorsWriter& writer, std::span<const std::int32_t> likes);
/// Their metadata: matinee.vectors.{method,dim,seed,weights}.
Metadata vector_metadata(const VectorOptions& options);

/// The vectors that a catalog file holds, mapped; valid as long as the catalog. Throws Error(kMissing) if it
/// holds none and Error(kBadData) if shapes or weights are wrong.
class MovieVectorView {
 public:
  explicit MovieVectorView(const MovieCatalog& catalog);
  /// A view of vectors in memory, which must outlive it.
  MovieVectorView(const MovieVectors& vectors, const std::array<float, kVectorKinds>& weights);

  std::int64_t dim() const { return dim_; }
  std::int32_t size() const { return size_; }
  std::span<const float> all(VectorKind kind) const { return rows_[static_cast<int>(kind)]; }
  std::span<const float> row(VectorKind kind, MovieId movie) const {
    return all(kind).subspan(static_cast<std::size_t>(movie * dim_), static_cast<std::size_t>(dim_));
  }
  const std::array<float, kVectorKinds>& weights() const { return weights_; }
  std::span<const std::int32_t> likes() const { return likes_; }  ///< by movie; empty: not known

 private:
  std::int64_t dim_ = 0;
  std::int32_t size_ = 0;
  std::array<std::span<const float>, kVectorKinds> rows_;
  std::span<const std::int32_t> likes_;
  std::array<float, kVectorKinds> weights_{};
};

}  // namespace matinee
