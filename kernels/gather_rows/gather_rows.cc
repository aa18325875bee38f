#include "kernels/gather_rows/gather_rows.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {
namespace {

template <class Args>
void check(const Context& context, const char* op, const Args& args) {
  require(args.n_rows >= 0 && args.n_all >= 0 && args.width >= 0, op, "sizes are not negative");
  require(args.n_rows == 0 || args.rows != nullptr, op, "rows are given");
  // The host cannot read arrays on a GPU.
  std::int32_t before = -1;
  for (std::int64_t i = 0; i < args.n_rows && context.allocator()->is_host(); ++i) {
    require(args.rows[i] > before && args.rows[i] < args.n_all, op, "rows are ascending and in range");
    before = args.rows[i];
  }
}

}  // namespace

void gather_rows(Context& context, const GatherRowsArgs& args) {
  check(context, "gather_rows", args);
  if (args.n_rows == 0 || args.width == 0) return;
  require(args.x && args.y, "gather_rows", "x and y are given");
  context.ops().gather_rows(context, args);
}

void scatter_rows(Context& context, const ScatterRowsArgs& args) {
  check(context, "scatter_rows", args);
  if (args.n_all == 0 || args.width == 0) return;
  require((args.x != nullptr || args.n_rows == 0) && args.y != nullptr, "scatter_rows", "x and y are given");
  context.ops().scatter_rows(context, args);
}

}  // namespace matinee
