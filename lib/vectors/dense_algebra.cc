#include "lib/vectors/dense_algebra.h"

#include <algorithm>
#include <cmath>

// Eigen's own threads would split sums by their number.
#define EIGEN_DONT_PARALLELIZE
#include <eigen3/Eigen/Cholesky>
#include <eigen3/Eigen/Eigenvalues>

namespace matinee {
namespace {

using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Doubles = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::int64_t kRowBlock = 256;

// Eigen blocks its sums by the sizes of the caches. They are fixed, so that all processors give the same bytes.
void fix_blocks() {
  static const bool once = [] {
    Eigen::setCpuCacheSizes(32 << 10, 1 << 20, 8 << 20);
    return true;
  }();
  (void)once;
}

// The upper factor R of a Gram matrix, G = Rᵀ·R, in place. A column without a rest beyond rounding errors becomes that
// of the identity and its number is returned.
std::vector<std::int64_t> factorize(Doubles& g) {
  const std::int64_t n = g.rows();
  const double smallest = 1e-12 * g.diagonal().maxCoeff();
  std::vector<std::int64_t> dependent;
  for (std::int64_t k = 0; k < n; ++k) {
    if (!(g(k, k) > smallest)) {
      dependent.push_back(k);
      g.row(k).tail(n - k).setZero();
      g(k, k) = 1;
      continue;
    }
    g.row(k).tail(n - k) /= std::sqrt(g(k, k));
    for (std::int64_t i = k + 1; i < n; ++i) g.row(i).tail(n - i) -= g(k, i) * g.row(k).tail(n - i);
  }
  return dependent;
}

}  // namespace

std::vector<double> gram(std::span<const float> y, std::int64_t width, ThreadPool& pool) {
  fix_blocks();
  const auto rows = static_cast<std::int64_t>(y.size()) / width;
  // Each slice of the rows has a sum of its own; few, so that the sums stay small.
  const std::int64_t n_slices = std::clamp<std::int64_t>((std::int64_t{1} << 24) / (width * width), 4, 64);
  const std::int64_t slice = std::max((rows + n_slices - 1) / n_slices, kRowBlock);
  std::vector<Doubles> parts(static_cast<std::size_t>((rows + slice - 1) / slice));
  pool.for_blocks(
      static_cast<std::size_t>(rows), static_cast<std::size_t>(slice), [&](std::size_t begin, std::size_t end, int) {
        Doubles& part = parts[begin / static_cast<std::size_t>(slice)];
        part = Doubles::Zero(width, width);
        Doubles block;
        for (auto at = static_cast<std::int64_t>(begin); at < static_cast<std::int64_t>(end); at += kRowBlock) {
          const std::int64_t count = std::min(kRowBlock, static_cast<std::int64_t>(end) - at);
          block = Eigen::Map<const Floats>(y.data() + at * width, count, width).cast<double>();
          part.selfadjointView<Eigen::Upper>().rankUpdate(block.transpose());
        }
      });
  std::vector<double> result(static_cast<std::size_t>(width * width), 0.0);
  Eigen::Map<Doubles> sum(result.data(), width, width);
  for (const Doubles& part : parts) sum += part;
  sum.triangularView<Eigen::StrictlyLower>() = sum.transpose();
  return result;
}

std::vector<float> multiply_dense(std::span<const float> y, std::int64_t width, std::span<const float> m,
                                  std::int64_t columns, ThreadPool& pool) {
  fix_blocks();
  const auto rows = static_cast<std::int64_t>(y.size()) / width;
  const Eigen::Map<const Floats> right(m.data(), width, columns);
  std::vector<float> result(static_cast<std::size_t>(rows * columns));
  pool.for_blocks(static_cast<std::size_t>(rows), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
    const auto first = static_cast<std::int64_t>(begin), count = static_cast<std::int64_t>(end) - first;
    Eigen::Map<Floats>(result.data() + first * columns, count, columns).noalias() =
        Eigen::Map<const Floats>(y.data() + first * width, count, width) * right;
  });
  return result;
}

void orthonormalize(std::vector<float>& y, std::int64_t width, int rounds, ThreadPool& pool) {
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> products = gram(y, width, pool);
    Doubles factor = Eigen::Map<Doubles>(products.data(), width, width);
    const std::vector<std::int64_t> dependent = factorize(factor);
    const Floats upper = factor.cast<float>();
    pool.for_blocks(y.size() / static_cast<std::size_t>(width), kRowBlock,
                    [&](std::size_t begin, std::size_t end, int) {
                      Eigen::Map<Floats> block(y.data() + static_cast<std::int64_t>(begin) * width,
                                               static_cast<std::int64_t>(end - begin), width);
                      upper.triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(block);
                      for (const std::int64_t column : dependent) block.col(column).setZero();
                    });
  }
}

SymmetricEigen symmetric_eigen(std::span<const double> matrix, std::int64_t n) {
  fix_blocks();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(Eigen::Map<const Eigen::MatrixXd>(matrix.data(), n, n));
  SymmetricEigen result;
  result.values.resize(static_cast<std::size_t>(n));
  result.vectors.resize(static_cast<std::size_t>(n * n));
  Eigen::Map<Eigen::VectorXd>(result.values.data(), n) = solver.eigenvalues().reverse();
  Eigen::Map<Doubles>(result.vectors.data(), n, n) = solver.eigenvectors().rowwise().reverse();
  return result;
}

}  // namespace matinee
