#include "lib/vectors/truncated_svd.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lib/base/random.h"

namespace matinee {
namespace {

constexpr std::size_t kRowBlock = 512;

// Y [rows, l] = A · X [columns, l]. Each row is summed by one thread in the order of its columns.
std::vector<double> multiply(const SparseRows& a, const std::vector<double>& x, std::int32_t l, ThreadPool& pool) {
  std::vector<double> y(static_cast<std::size_t>(a.rows()) * l, 0.0);
  pool.for_blocks(static_cast<std::size_t>(a.rows()), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      double* to = y.data() + row * l;
      for (std::int64_t i = a.offsets[row]; i < a.offsets[row + 1]; ++i) {
        const double* from = x.data() + static_cast<std::size_t>(a.columns[i]) * l;
        const double value = a.values[i];
        for (std::int32_t j = 0; j < l; ++j) to[j] += value * from[j];
      }
    }
  });
  return y;
}

// G [l, l] = Yᵀ·Y; blocks of rows are summed separately and then in order, so the result does not depend on threads.
std::vector<double> gram(const std::vector<double>& y, std::int32_t l, ThreadPool& pool) {
  const std::size_t rows = y.size() / static_cast<std::size_t>(l);
  const std::size_t blocks = (rows + kRowBlock - 1) / kRowBlock;
  const std::size_t square = static_cast<std::size_t>(l) * l;
  std::vector<double> parts(blocks * square, 0.0);
  pool.for_blocks(rows, kRowBlock, [&](std::size_t begin, std::size_t end, int) {
    double* part = parts.data() + begin / kRowBlock * square;
    for (std::size_t row = begin; row < end; ++row) {
      const double* at = y.data() + row * l;
      for (std::int32_t i = 0; i < l; ++i) {
        const double value = at[i];
        double* to = part + static_cast<std::size_t>(i) * l;
        for (std::int32_t j = 0; j <= i; ++j) to[j] += value * at[j];
      }
    }
  });
  std::vector<double> sum(square, 0.0);
  for (std::size_t block = 0; block < blocks; ++block) {
    for (std::size_t i = 0; i < square; ++i) sum[i] += parts[block * square + i];
  }
  for (std::int32_t i = 0; i < l; ++i) {
    for (std::int32_t j = i + 1; j < l; ++j)
      sum[static_cast<std::size_t>(i) * l + j] = sum[static_cast<std::size_t>(j) * l + i];
  }
  return sum;
}

// Makes the columns of Y orthonormal by the Cholesky factor of its Gram matrix, twice, since one pass loses half of the
// digits. A column that depends linearly on earlier ones becomes zero.
void orthonormalize(std::vector<double>& y, std::int32_t l, ThreadPool& pool) {
  for (int round = 0; round < 2; ++round) {
    std::vector<double> r = gram(y, l, pool);
    double largest = 0;
    for (std::int32_t i = 0; i < l; ++i) largest = std::max(largest, r[static_cast<std::size_t>(i) * l + i]);
    std::vector<double> inverse(static_cast<std::size_t>(l), 0.0);  // of the diagonal; 0: a dropped column
    for (std::int32_t i = 0; i < l; ++i) {
      double* row = r.data() + static_cast<std::size_t>(i) * l;
      for (std::int32_t j = 0; j < i; ++j) {
        const double* other = r.data() + static_cast<std::size_t>(j) * l;
        double sum = row[j];
        for (std::int32_t k = 0; k < j; ++k) sum -= row[k] * other[k];
        row[j] = sum * inverse[j];
      }
      double rest = row[i];
      for (std::int32_t k = 0; k < i; ++k) rest -= row[k] * row[k];
      inverse[i] = rest > 1e-12 * largest ? 1 / std::sqrt(rest) : 0;
    }
    // Row k of `solve` is column k of the inverse of the factor: y·R⁻¹ is then a sum of rows, which vectorizes.
    std::vector<double> solve(static_cast<std::size_t>(l) * l, 0.0);
    for (std::int32_t k = 0; k < l; ++k) {
      double* column = solve.data() + static_cast<std::size_t>(k) * l;
      for (std::int32_t i = k; i < l; ++i) {
        const double* factor = r.data() + static_cast<std::size_t>(i) * l;
        double sum = i == k ? 1 : 0;
        for (std::int32_t m = k; m < i; ++m) sum -= factor[m] * column[m];
        column[i] = sum * inverse[i];
      }
    }
    pool.for_blocks(y.size() / static_cast<std::size_t>(l), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
      std::vector<double> solved(static_cast<std::size_t>(l));
      for (std::size_t at = begin; at < end; ++at) {
        double* row = y.data() + at * l;
        std::fill(solved.begin(), solved.end(), 0.0);
        for (std::int32_t k = 0; k < l; ++k) {
          const double* column = solve.data() + static_cast<std::size_t>(k) * l;
          for (std::int32_t i = k; i < l; ++i) solved[i] += row[k] * column[i];
        }
        std::copy(solved.begin(), solved.end(), row);
      }
    });
  }
}

}  // namespace

void symmetric_eigen(std::vector<double>& matrix, std::int32_t n, std::vector<double>& values,
                     std::vector<double>& vectors) {
  const auto at = [&](std::int32_t i, std::int32_t j) -> double& {
    return matrix[static_cast<std::size_t>(i) * n + j];
  };
  std::vector<double> turned(static_cast<std::size_t>(n) * n, 0.0);  // rows are the eigenvectors
  for (std::int32_t i = 0; i < n; ++i) turned[static_cast<std::size_t>(i) * n + i] = 1;
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0, on = 0;
    for (std::int32_t i = 0; i < n; ++i) {
      on += at(i, i) * at(i, i);
      for (std::int32_t j = i + 1; j < n; ++j) off += at(i, j) * at(i, j);
    }
    if (off <= 1e-26 * on) break;
    for (std::int32_t p = 0; p < n; ++p) {
      for (std::int32_t q = p + 1; q < n; ++q) {
        if (at(p, q) == 0) continue;
        const double theta = (at(q, q) - at(p, p)) / (2 * at(p, q));
        const double t = (theta >= 0 ? 1.0 : -1.0) / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        for (std::int32_t k = 0; k < n; ++k) {
          const double kp = at(k, p), kq = at(k, q);
          at(k, p) = c * kp - s * kq;
          at(k, q) = s * kp + c * kq;
        }
        for (std::int32_t k = 0; k < n; ++k) {
          const double pk = at(p, k), qk = at(q, k);
          at(p, k) = c * pk - s * qk;
          at(q, k) = s * pk + c * qk;
        }
        double* vp = turned.data() + static_cast<std::size_t>(p) * n;
        double* vq = turned.data() + static_cast<std::size_t>(q) * n;
        for (std::int32_t k = 0; k < n; ++k) {
          const double pk = vp[k], qk = vq[k];
          vp[k] = c * pk - s * qk;
          vq[k] = s * pk + c * qk;
        }
      }
    }
  }
  std::vector<std::int32_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return at(a, a) > at(b, b); });
  values.resize(static_cast<std::size_t>(n));
  vectors.assign(static_cast<std::size_t>(n) * n, 0.0);
  for (std::int32_t column = 0; column < n; ++column) {
    values[column] = at(order[column], order[column]);
    for (std::int32_t row = 0; row < n; ++row) {
      vectors[static_cast<std::size_t>(row) * n + column] = turned[static_cast<std::size_t>(order[column]) * n + row];
    }
  }
}

TruncatedSvd truncated_svd(const SparseRows& matrix, std::int32_t rank, std::uint64_t seed, ThreadPool& pool,
                           int iterations) {
  TruncatedSvd result;
  const std::int32_t l = std::min({rank + 16, matrix.rows(), matrix.n_columns});
  if (l <= 0 || matrix.columns.empty()) return result;
  const SparseRows back = transposed(matrix);

  std::vector<double> start(static_cast<std::size_t>(matrix.n_columns) * l);
  for (std::int32_t column = 0; column < matrix.n_columns; ++column) {
    Random random(seed, "svd", static_cast<std::uint64_t>(column));
    for (std::int32_t j = 0; j < l; ++j) start[static_cast<std::size_t>(column) * l + j] = random.normal();
  }
  std::vector<double> q = multiply(matrix, start, l, pool);
  start = std::vector<double>();  // not {}, which keeps the memory
  orthonormalize(q, l, pool);
  for (int i = 0; i < iterations; ++i) {
    std::vector<double> z = multiply(back, q, l, pool);
    orthonormalize(z, l, pool);
    q = multiply(matrix, z, l, pool);
    orthonormalize(q, l, pool);
  }
  // With B = Qᵀ·A the left singular vectors of A are Q·W where B·Bᵀ = W·Λ·Wᵀ.
  std::vector<double> small = gram(multiply(back, q, l, pool), l, pool), values, w;
  symmetric_eigen(small, l, values, w);
  std::int32_t kept = 0;
  while (kept < std::min(rank, l) && values[kept] > 1e-10 * values[0]) ++kept;

  result.rank = kept;
  result.singular.resize(static_cast<std::size_t>(kept));
  for (std::int32_t j = 0; j < kept; ++j) result.singular[j] = std::sqrt(values[j]);
  result.u.assign(static_cast<std::size_t>(matrix.rows()) * kept, 0.0);
  pool.for_blocks(static_cast<std::size_t>(matrix.rows()), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      double* to = result.u.data() + row * kept;
      for (std::int32_t k = 0; k < l; ++k) {
        const double value = q[row * l + k];
        for (std::int32_t j = 0; j < kept; ++j) to[j] += value * w[static_cast<std::size_t>(k) * l + j];
      }
    }
  });
  return result;
}

}  // namespace matinee
