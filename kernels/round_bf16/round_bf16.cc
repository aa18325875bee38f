#include "kernels/round_bf16/round_bf16.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {

void round_bf16(Context& context, const RoundBf16Args& args) {
  require(args.n_rows >= 0 && args.width >= 0, "round_bf16", "sizes are not negative");
  if (args.n_rows == 0 || args.width == 0) return;
  require(args.x != nullptr && args.y != nullptr, "round_bf16", "x and y are given");
  context.ops().round_bf16(context, args);
}

}  // namespace matinee
