#include "kernels/cosine_topk/cosine_topk.h"

#include <limits>

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {

void cosine_topk(Context& context, const CosineTopkArgs& args) {
  const char* op = "cosine_topk";
  require(args.n_queries >= 0 && args.n_rows >= 0 && args.k >= 0, op, "sizes are not negative");
  require(args.n_rows <= std::numeric_limits<std::int32_t>::max(), op, "row numbers fit 32 bits");
  require(args.n_sets >= 1 && args.n_sets <= CosineTopkArgs::kMaxSets, op, "there are 1 to kMaxSets sets");
  require(args.storage == DType::kF32 || args.storage == DType::kBF16 || args.storage == DType::kI8, op,
          "rows are stored as F32, BF16 or I8");
  require(args.filter_stride == 0 || args.filter_stride >= (args.n_rows + 63) / 64, op,
          "a filter has a bit for every row");
  if (args.n_queries == 0 || args.k == 0) return;
  require(args.ids && args.scores, op, "ids and scores are given");
  for (int s = 0; s < args.n_sets; ++s) {
    const VectorSet& set = args.sets[s];
    require(set.dim >= 0, op, "sizes are not negative");
    require(set.weights != nullptr, op, "weights are given");
    require(set.dim == 0 || args.n_rows == 0 || (set.rows && set.queries), op, "rows and queries are given");
    if (args.storage != DType::kI8) continue;
    require(set.dim <= kMostInt8Dim, op, "a set of int8 is at most kMostInt8Dim wide");
    require(args.n_rows == 0 || set.row_scales, op, "an int8 set has scales");
  }
  context.ops().cosine_topk(context, args);
}

}  // namespace matinee
