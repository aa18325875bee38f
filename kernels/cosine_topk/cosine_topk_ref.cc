#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/reference.h"

namespace matinee {
namespace {

// The score in float64 of the stored values of query and row.
double score_of_floats(const CosineTopkArgsOf<double>& args, std::int64_t query, std::int64_t row) {
  double score = 0;
  for (int s = 0; s < args.n_sets; ++s) {
    const VectorSetOf<double>& set = args.sets[s];
    for (std::int64_t i = 0; i < set.dim; ++i) {
      const double wanted = set.weights[query] * set.queries[query * set.dim + i];
      if (args.storage == DType::kF32) {
        score += wanted * static_cast<const double*>(set.rows)[row * set.dim + i];
      } else {
        // Rounds to float32 first, as the contract says: rounding twice may differ from rounding once.
        score += static_cast<double>(to_float(to_bf16(static_cast<float>(wanted)))) *
                 static_cast<double>(to_float(static_cast<const bf16*>(set.rows)[row * set.dim + i]));
      }
    }
  }
  return score;
}

// The float32 operations of the contract one by one, as it defines the result of int8 to the bit.
double score_of_int8(const CosineTopkArgsOf<double>& args, std::int64_t query, std::int64_t row) {
  float score = 0;
  for (int s = 0; s < args.n_sets; ++s) {
    const VectorSetOf<double>& set = args.sets[s];
    const auto wanted = [&](std::int64_t i) {
      return static_cast<float>(set.weights[query]) * static_cast<float>(set.queries[query * set.dim + i]);
    };
    float most = 0;
    bool finite = true;
    for (std::int64_t i = 0; i < set.dim; ++i) {
      most = std::max(most, std::fabs(wanted(i)));
      finite = finite && std::isfinite(wanted(i));
    }
    if (!finite) return std::numeric_limits<double>::quiet_NaN();
    if (most < std::numeric_limits<float>::min()) most = 0;
    const float inverse = most == 0 ? 0 : (1.0f / most) * 127.0f;
    std::int64_t dot = 0;
    for (std::int64_t i = 0; i < set.dim; ++i) {
      dot += static_cast<std::int64_t>(std::nearbyint(wanted(i) * inverse)) *
             static_cast<const std::int8_t*>(set.rows)[row * set.dim + i];
    }
    score = std::fma(static_cast<float>(dot), set.row_scales[row] * (most / 127.0f), score);
  }
  return static_cast<double>(score);
}

}  // namespace

void cosine_topk_ref(const CosineTopkArgsOf<double>& args) {
  for (std::int64_t query = 0; query < args.n_queries; ++query) {
    std::vector<std::pair<double, std::int32_t>> found;  // (-score, row), whose order is that of the result
    for (std::int64_t row = 0; row < args.n_rows; ++row) {
      if (args.filter != nullptr && (args.filter[query * args.filter_stride + row / 64] >> row % 64 & 1) == 0) continue;
      const double score =
          args.storage == DType::kI8 ? score_of_int8(args, query, row) : score_of_floats(args, query, row);
      if (!std::isnan(score)) found.emplace_back(-score, static_cast<std::int32_t>(row));
    }
    std::sort(found.begin(), found.end());
    for (std::int64_t i = 0; i < args.k; ++i) {
      const bool there = i < static_cast<std::int64_t>(found.size());
      args.ids[query * args.k + i] = there ? found[static_cast<std::size_t>(i)].second : -1;
      args.scores[query * args.k + i] =
          there ? -found[static_cast<std::size_t>(i)].first : -std::numeric_limits<double>::infinity();
    }
  }
}

}  // namespace matinee
