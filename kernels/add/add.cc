#include "kernels/add/add.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {

void add_inplace(Context& context, const AddArgs& args) {
  require(args.n >= 0, "add_inplace", "the size is not negative");
  if (args.n == 0) return;
  require(args.x && args.y, "add_inplace", "x and y are given");
  context.ops().add_inplace(context, args);
}

}  // namespace matinee
