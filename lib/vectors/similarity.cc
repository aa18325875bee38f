#include "lib/vectors/similarity.h"

namespace matinee {
namespace {

constexpr int kLanes = 16;

// Σ a[i]·b[i] as sixteen partial sums, which any vector unit can hold in registers.
float inner_product(const float* a, const float* b, std::int64_t n) {
  float sums[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  for (; i < n; ++i) sums[i % kLanes] += a[i] * b[i];
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
  }
  return sums[0];
}

}  // namespace

std::vector<float> combined_query(const MovieVectorView& view, std::span<const SimilarityTerm> terms,
                                  const VectorWeights& weights) {
  const auto dim = static_cast<std::size_t>(view.dim());
  std::vector<float> query(kVectorKinds * dim);
  for (const SimilarityTerm& term : terms) {
    for (std::size_t kind = 0; kind < kVectorKinds; ++kind) {
      const auto row = view.row(static_cast<VectorKind>(kind), term.movie);
      for (std::size_t i = 0; i < dim; ++i) query[kind * dim + i] += term.weight * weights[kind] * row[i];
    }
  }
  return query;
}

void add_similarities(const MovieVectorView& view, std::span<const float> query, std::span<float> scores) {
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    const float* row = view.all(static_cast<VectorKind>(kind)).data();
    for (float& score : scores) {
      score += inner_product(row, query.data() + kind * view.dim(), view.dim());
      row += view.dim();
    }
  }
}

std::array<float, kVectorKinds> similarity_parts(const MovieVectorView& view, std::span<const float> query,
                                                 MovieId movie) {
  std::array<float, kVectorKinds> parts;
  for (std::size_t i = 0; i < kVectorKinds; ++i) {
    const float* row = view.row(static_cast<VectorKind>(i), movie).data();
    parts[i] = inner_product(row, query.data() + static_cast<std::int64_t>(i) * view.dim(), view.dim());
  }
  return parts;
}

void add_similarities(const MovieVectorView& view, std::span<const float> query, std::span<const MovieId> movies,
                      std::span<float> scores) {
  for (std::size_t i = 0; i < movies.size(); ++i) {
    for (int kind = 0; kind < kVectorKinds; ++kind) {
      const float* row = view.row(static_cast<VectorKind>(kind), movies[i]).data();
      scores[i] += inner_product(row, query.data() + kind * view.dim(), view.dim());
    }
  }
}

float similarity(const MovieVectorView& view, const VectorWeights& weights, MovieId a, MovieId b) {
  float sum = 0;
  for (std::size_t i = 0; i < kVectorKinds; ++i) {
    const auto kind = static_cast<VectorKind>(i);
    sum += weights[i] * inner_product(view.row(kind, a).data(), view.row(kind, b).data(), view.dim());
  }
  return sum;
}

}  // namespace matinee
