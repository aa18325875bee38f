#include <fmt/core.h>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {

// Timed here; tested by its properties in tests/kernels/cosine_topk_test.cc, since near-equal scores may change places.
std::vector<KernelCase> cosine_topk_cases() {
  std::vector<KernelCase> cases;
  for (const std::int64_t n_queries : {1, 32}) {
    const std::int64_t n_rows = 100000, dim = 128, k = 10;
    KernelCase c{.name = fmt::format("cosine_topk n_queries={} n_rows={} dims=3x{} k={}", n_queries, n_rows, dim, k),
                 .tensors = {},
                 .prepare = {},
                 .run =
                     [=](Context& context, float* const* t) {
                       const ScratchScope scope(context.scratch());
                       auto* ids = context.scratch().take_array<std::int32_t>(static_cast<std::size_t>(n_queries * k));
                       CosineTopkArgs args{.n_queries = n_queries,
                                           .n_rows = n_rows,
                                           .k = k,
                                           .n_sets = 3,
                                           .sets = {},
                                           .ids = ids,
                                           .scores = t[9]};
                       for (int set = 0; set < 3; ++set)
                         args.sets[set] = {dim, t[3 * set], t[3 * set + 1], t[3 * set + 2]};
                       cosine_topk(context, args);
                     },
                 .reference = {},
                 .operations = 6.0 * static_cast<double>(n_queries * n_rows * dim),
                 .bytes = 12.0 * static_cast<double>(n_rows * dim)};
    for (int set = 0; set < 3; ++set) {
      c.tensors.push_back({.name = "rows", .size = n_rows * dim});
      c.tensors.push_back({.name = "queries", .size = n_queries * dim});
      c.tensors.push_back({.name = "weights", .size = n_queries});
    }
    c.tensors.push_back({.name = "scores", .size = n_queries * k, .role = Role::kOutput});
    cases.push_back(std::move(c));
  }
  return cases;
}

}  // namespace matinee
