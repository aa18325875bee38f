#include "kernels/cosine_topk/topk_queries.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace matinee {
namespace {

std::int64_t padded(std::int64_t dim) { return (dim + kScorePad - 1) / kScorePad * kScorePad; }

// Computes the codes of `values`; returns their scale, NaN if a value is not finite.
float quantize(const float* values, std::int64_t n, std::int16_t* codes) {
  float most = 0;
  bool finite = true;
  for (std::int64_t i = 0; i < n; ++i) {
    most = std::max(most, std::fabs(values[i]));
    finite = finite && std::isfinite(values[i]);
  }
  if (!finite) return std::numeric_limits<float>::quiet_NaN();
  if (most < std::numeric_limits<float>::min()) return 0;
  const float inverse = (1.0f / most) * 127.0f;
  for (std::int64_t i = 0; i < n; ++i) codes[i] = static_cast<std::int16_t>(std::nearbyint(values[i] * inverse));
  return most / 127.0f;
}

void prepare_query(const CosineTopkArgs& args, std::int64_t query, std::int64_t q, float* weighted,
                   const PreparedQueries& to) {
  const bool int8 = args.storage == DType::kI8;
  std::int64_t at = q * to.stride;
  for (int s = 0; s < args.n_sets; ++s) {
    const VectorSet& set = args.sets[s];
    const std::int64_t width = padded(set.dim);
    float* values = int8 ? weighted : to.values + at;
    for (std::int64_t i = 0; i < set.dim; ++i) {
      values[i] = set.weights[query] * set.queries[query * set.dim + i];
      if (args.storage == DType::kBF16) values[i] = to_float(to_bf16(values[i]));
    }
    if (int8) {
      std::fill_n(to.codes + at, width, std::int16_t{0});
      to.scales[q * args.n_sets + s] = quantize(values, set.dim, to.codes + at);
    } else {
      std::fill(values + set.dim, values + width, 0.0f);
    }
    at += width;
  }
}

std::int64_t total_dim(const CosineTopkArgs& args) {
  std::int64_t sum = 0;
  for (int s = 0; s < args.n_sets; ++s) sum += args.sets[s].dim;
  return sum;
}

// The numbers of prepared queries, all sets one after the other, padded with zeros.
void gather_values(const CosineTopkArgs& args, const PreparedQueries& prepared, std::int64_t q, std::int64_t stride,
                   float* to) {
  std::int64_t from = q * prepared.stride, at = 0;
  for (int s = 0; s < args.n_sets; ++s) {
    const std::int64_t dim = args.sets[s].dim;
    for (std::int64_t i = 0; i < dim; ++i) {
      to[at + i] = prepared.values != nullptr
                       ? prepared.values[from + i]
                       : static_cast<float>(prepared.codes[from + i]) * prepared.scales[q * args.n_sets + s];
    }
    at += dim;
    from += padded(dim);
  }
  std::fill(to + at, to + stride, 0.0f);
}

// Longer queries are not screened: the sums of their products may overflow.
constexpr double kLong = 1e18;

void encode_query(const float* values, std::int64_t dim, std::int64_t q, const ScreenKernel& kernel,
                  const ScreenQueries& to) {
  double square = 0, most = 0;
  for (std::int64_t i = 0; i < to.stride; ++i) {
    square += static_cast<double>(values[i]) * values[i];
    most = std::max(most, std::fabs(static_cast<double>(values[i])));
  }
  const std::int64_t lane = q % kernel.lanes, lanes = kernel.lanes;
  std::int8_t* codes = to.batch.codes + (q - lane) * to.stride + 4 * lane;
  const bool bounded = square < kLong * kLong;
  const double scale = most >= 1e-30 && bounded ? most / kernel.most_code : 1;
  const double inverse = 1 / scale;
  double error = 0, length = 0;
  std::int32_t sum = 0;
  for (std::int64_t i = 0; i < to.stride; ++i) {
    const double value = bounded ? values[i] * inverse : 0, code = std::nearbyint(value);
    error += (value - code) * (value - code);
    length += code * code;
    sum += static_cast<std::int32_t>(code);
    codes[i / 4 * lanes * 4 + i % 4] = static_cast<std::int8_t>(code);
  }
  // A sum of `dim` products in float32, in any order, is off by less than (dim + 2)·2^-24 of the product of the norms.
  // The rest covers the operations that scale sums, and those that compute the bounds.
  const double rounding = static_cast<double>(dim + 256) * 0x1p-24, whole = std::sqrt(square) * inverse;
  to.batch.offset[q] = -kernel.offset * sum;
  to.batch.error[q] = static_cast<float>((std::sqrt(error) + rounding * whole) * 1.001);
  to.batch.norm[q] = static_cast<float>(std::sqrt(length) * 1.001);
  to.scale[q] = bounded ? static_cast<float>(scale) : std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

PreparedQueries prepare_queries(const CosineTopkArgs& args, std::int64_t first, std::int64_t n, Context& context) {
  PreparedQueries to;
  std::int64_t widest = 0;
  for (int s = 0; s < args.n_sets; ++s) {
    to.stride += padded(args.sets[s].dim);
    widest = std::max(widest, args.sets[s].dim);
  }
  Scratch& scratch = context.scratch();
  const auto size = static_cast<std::size_t>(n * to.stride);
  if (args.storage == DType::kI8) {
    to.codes = scratch.take_array<std::int16_t>(size);
    to.scales = scratch.take_array<float>(static_cast<std::size_t>(n * args.n_sets));
  } else {
    to.values = scratch.take_array<float>(size);
  }
  context.pool().for_blocks(static_cast<std::size_t>(n), 32, [&](std::size_t begin, std::size_t end, int worker) {
    Scratch& own = context.worker_scratch(worker);
    const ScratchScope scope(own);
    auto* weighted = own.take_array<float>(static_cast<std::size_t>(widest));
    for (auto q = static_cast<std::int64_t>(begin); q < static_cast<std::int64_t>(end); ++q)
      prepare_query(args, first + q, q, weighted, to);
  });
  return to;
}

std::int64_t screen_stride(const CosineTopkArgs& args) {
  return std::max<std::int64_t>(1, (total_dim(args) + kScreenPad - 1) / kScreenPad) * kScreenPad;
}

ScreenQueries encode_queries(const CosineTopkArgs& args, const PreparedQueries& prepared, std::int64_t n,
                             const ScreenKernel& kernel, Context& context) {
  Scratch& scratch = context.scratch();
  ScreenQueries to;
  to.n = n;
  to.padded = (n + kScreenQueries - 1) / kScreenQueries * kScreenQueries;
  to.stride = screen_stride(args);
  const auto all = static_cast<std::size_t>(to.padded);
  to.batch.codes = scratch.take_array<std::int8_t>(all * static_cast<std::size_t>(to.stride));
  to.batch.offset = scratch.take_array<std::int32_t>(all);
  to.batch.error = scratch.take_array<float>(all);
  to.batch.norm = scratch.take_array<float>(all);
  to.scale = scratch.take_array<float>(all);
  context.pool().for_blocks(all, 32, [&](std::size_t begin, std::size_t end, int worker) {
    Scratch& own = context.worker_scratch(worker);
    const ScratchScope scope(own);
    auto* values = own.take_array<float>(static_cast<std::size_t>(to.stride));
    for (auto q = static_cast<std::int64_t>(begin); q < static_cast<std::int64_t>(end); ++q) {
      if (q < n) {
        gather_values(args, prepared, q, to.stride, values);
      } else {
        std::fill_n(values, to.stride, 0.0f);
      }
      encode_query(values, total_dim(args), q, kernel, to);
    }
  });
  return to;
}

}  // namespace matinee
