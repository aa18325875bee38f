#include "lib/vectors/stored_vectors.h"

#include <algorithm>
#include <cmath>

#include "kernels/ops.h"

namespace matinee {
namespace {

constexpr std::size_t kRowsPerBlock = 4096;

// The largest norm of row − stored(row, i).
template <class Stored>
double largest_error(std::span<const float> rows, std::size_t dim, ThreadPool& pool, const Stored& stored) {
  const std::size_t n = rows.size() / dim;
  std::vector<double> most((n + kRowsPerBlock - 1) / kRowsPerBlock);
  pool.for_blocks(n, kRowsPerBlock, [&](std::size_t begin, std::size_t end, int) {
    double& largest = most[begin / kRowsPerBlock];
    for (std::size_t row = begin; row < end; ++row) {
      double square = 0;
      for (std::size_t i = row * dim; i < (row + 1) * dim; ++i) {
        const double error = static_cast<double>(rows[i]) - static_cast<double>(stored(row, i));
        square += error * error;
      }
      largest = std::max(largest, square);
    }
  });
  return most.empty() ? 0 : std::sqrt(*std::max_element(most.begin(), most.end()));
}

}  // namespace

StoredVectors::StoredVectors(const MovieVectorView& view, Context& context, DType storage)
    : storage_(storage), dim_(view.dim()) {
  for (int kind = 0; kind < kVectorKinds; ++kind) store(kind, view.all(static_cast<VectorKind>(kind)), context);
}

void StoredVectors::store(int kind, std::span<const float> rows, Context& context) {
  const auto& memory = context.allocator();
  const auto dim = static_cast<std::size_t>(dim_);
  if (storage_ == DType::kF32) {
    wide_[kind] = DeviceView<float>(memory, rows);
  } else if (storage_ == DType::kBF16) {
    std::vector<bf16> narrow(rows.size());
    context.pool().for_blocks(rows.size(), kRowsPerBlock * dim, [&](std::size_t begin, std::size_t end, int) {
      for (std::size_t i = begin; i < end; ++i) narrow[i] = to_bf16(rows[i]);
    });
    narrow_[kind] = DeviceBuffer<bf16>(memory, std::span<const bf16>(narrow));
    most_error_[kind] =
        largest_error(rows, dim, context.pool(), [&](std::size_t, std::size_t i) { return to_float(narrow[i]); });
  } else {
    const DeviceView<float> there(memory, rows);
    codes_[kind] = DeviceBuffer<std::int8_t>(memory, rows.size());
    scales_[kind] = DeviceBuffer<float>(memory, rows.size() / dim);
    quantize_int8(context, {.n_rows = static_cast<std::int64_t>(rows.size() / dim),
                            .width = dim_,
                            .x = there.data(),
                            .codes = codes_[kind].data(),
                            .row_scales = scales_[kind].data()});
    const std::vector<std::int8_t> codes = codes_[kind].values();
    const std::vector<float> scales = scales_[kind].values();
    most_error_[kind] = largest_error(rows, dim, context.pool(), [&](std::size_t row, std::size_t i) {
      return static_cast<float>(codes[i]) * scales[row];
    });
  }
}

VectorSet StoredVectors::set(int kind) const {
  VectorSet set{.dim = dim_};
  if (storage_ == DType::kF32) {
    set.rows = wide_[kind].data();
  } else if (storage_ == DType::kBF16) {
    set.rows = narrow_[kind].data();
  } else {
    set.rows = codes_[kind].data();
    set.row_scales = scales_[kind].data();
  }
  return set;
}

// By the Cauchy-Schwarz inequality, with rows of at most unit length; the query is rounded as the rows are.
float StoredVectors::error_bound(std::span<const float> query) const {
  if (storage_ == DType::kF32) return 0;
  double bound = 0, length = 0;
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    double square = 0, most = 0;
    for (std::int64_t i = 0; i < dim_; ++i) {
      const double value = static_cast<double>(query[static_cast<std::size_t>(kind * dim_ + i)]);
      square += value * value;
      most = std::max(most, std::fabs(value));
    }
    const double norm = std::sqrt(square);
    const double lost = storage_ == DType::kBF16 ? norm * 0x1p-8 : most / 254 * std::sqrt(static_cast<double>(dim_));
    bound += lost + (norm + lost) * most_error_[kind];
    length += norm;
  }
  // The last term covers the rounding of both scores.
  return static_cast<float>(bound * 1.001 + length * 1e-5);
}

}  // namespace matinee
