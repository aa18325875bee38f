#include "kernels/dropout/dropout.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {

void dropout_rows(Context& context, const DropoutArgs& args) {
  const char* op = "dropout_rows";
  require(args.n_rows >= 0 && args.width >= 0, op, "sizes are not negative");
  require(args.dropout.drop_probability >= 0 && args.dropout.drop_probability < 1, op,
          "drop_probability is at least 0 and below 1");
  if (args.n_rows == 0 || args.width == 0) return;
  require(args.x && args.y, op, "x and y are given");
  require(args.rest == nullptr || (!args.accumulate && args.x != args.y), op,
          "a rest goes with a y that is overwritten and is not x");
  context.ops().dropout_rows(context, args);
}

}  // namespace matinee
