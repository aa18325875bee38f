#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/reference.h"

namespace matinee {

void cosine_topk_ref(const CosineTopkArgsOf<double>& args) {
  for (std::int64_t query = 0; query < args.n_queries; ++query) {
    std::vector<std::pair<double, std::int32_t>> found;  // (-score, row): sorted, it is the order that is asked for
    for (std::int64_t row = 0; row < args.n_rows; ++row) {
      if (args.filter != nullptr && (args.filter[query * args.filter_stride + row / 64] >> row % 64 & 1) == 0) continue;
      double score = 0;
      for (int s = 0; s < args.n_sets; ++s) {
        const VectorSetOf<double>& set = args.sets[s];
        double dot = 0;
        for (std::int64_t i = 0; i < set.dim; ++i)
          dot += set.rows[row * set.dim + i] * set.queries[query * set.dim + i];
        score += set.weights[query] * dot;
      }
      found.emplace_back(-score, static_cast<std::int32_t>(row));
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
