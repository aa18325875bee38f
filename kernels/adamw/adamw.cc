#include "kernels/adamw/adamw.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {

void adamw_update(Context& context, const AdamWArgs& args) {
  require(args.n >= 0, "adamw_update", "the size is not negative");
  require(args.step >= 1, "adamw_update", "steps count from 1");
  if (args.n == 0) return;
  require(args.param && args.grad && args.m && args.v, "adamw_update", "param, grad, m and v are given");
  context.ops().adamw_update(context, args);
}

void squared_sum(Context& context, const SquaredSumArgs& args) {
  require(args.n >= 0 && args.sum != nullptr, "squared_sum", "the size is not negative and sum is given");
  if (args.n == 0) return;
  require(args.x != nullptr, "squared_sum", "x is given");
  context.ops().squared_sum(context, args);
}

}  // namespace matinee
