#include "lib/vectors/truncated_svd.h"

#include <algorithm>
#include <cmath>

#include "lib/base/random.h"
#include "lib/vectors/dense_algebra.h"

namespace matinee {
namespace {

// [rows, width] of uniform numbers, which start the iteration as well as normal ones do and cost less.
std::vector<float> random_start(std::int32_t rows, std::int32_t width, std::uint64_t seed) {
  std::vector<float> start(static_cast<std::size_t>(rows) * static_cast<std::size_t>(width));
  std::size_t at = 0;
  for (std::int32_t row = 0; row < rows; ++row) {
    Random random(seed, "svd", static_cast<std::uint64_t>(row));
    std::uint32_t bits = 0;
    for (std::int32_t j = 0; j < width; ++j, bits >>= 16) {
      if (j % 2 == 0) bits = random.next_u32();
      start[at++] = static_cast<float>(bits & 0xffff) - 32767.5f;
    }
  }
  return start;
}

}  // namespace

TruncatedSvd truncated_svd(const SparseRows& matrix, std::int32_t rank, std::uint64_t seed, ThreadPool& pool,
                           int iterations, const std::function<void()>& product_done) {
  TruncatedSvd result;
  const std::int32_t width = std::min({rank + 16, matrix.rows(), matrix.n_columns});
  if (width <= 0 || matrix.columns.empty()) return result;
  const SparseRows back = transposed(matrix, pool);
  const auto product = [&](const SparseRows& a, const std::vector<float>& x) {
    std::vector<float> y = multiply(a, x, width, pool);
    if (product_done) product_done();
    return y;
  };

  std::vector<float> q = product(matrix, random_start(matrix.n_columns, width, seed));
  for (int i = 0; i < iterations; ++i) {
    orthonormalize(q, width, 1, pool);
    std::vector<float> z = product(back, q);
    q = std::vector<float>();  // not {}, which keeps the memory
    orthonormalize(z, width, 1, pool);
    q = product(matrix, z);
  }
  orthonormalize(q, width, 2, pool);
  // With B = Aᵀ·Q and Bᵀ·B = W·Λ·Wᵀ, the right singular vectors of A are the columns of B·W, and Λ their squared
  // lengths.
  const std::vector<float> b = product(back, q);
  const SymmetricEigen eigen = symmetric_eigen(gram(b, width, pool), width);
  std::int32_t kept = 0;
  while (kept < std::min(rank, width) && eigen.values[static_cast<std::size_t>(kept)] > 1e-10 * eigen.values[0]) ++kept;

  result.rank = kept;
  const auto columns = static_cast<std::size_t>(width), rank_kept = static_cast<std::size_t>(kept);
  std::vector<float> turn(columns * rank_kept);
  for (std::size_t j = 0; j < rank_kept; ++j) {
    const double singular = std::sqrt(eigen.values[j]);
    result.singular.push_back(singular);
    for (std::size_t i = 0; i < columns; ++i)
      turn[i * rank_kept + j] = static_cast<float>(eigen.vectors[i * columns + j] / singular);
  }
  result.v = multiply_dense(b, width, turn, kept, pool);
  return result;
}

}  // namespace matinee
