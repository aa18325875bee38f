#include "kernels/add/add.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {

void add_scaled(Context& context, const AddArgs& args) {
  require(args.n >= 0, "add_scaled", "the size is not negative");
  if (args.n == 0) return;
  require(args.x && args.y, "add_scaled", "x and y are given");
  context.ops().add_scaled(context, args);
}

}  // namespace matinee
