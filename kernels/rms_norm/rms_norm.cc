#include "kernels/rms_norm/rms_norm.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {

void rms_norm_forward(Context& context, const RmsNormArgs& args) {
  require(args.n_rows >= 0 && args.width >= 0, "rms_norm_forward", "sizes are not negative");
  if (args.n_rows == 0 || args.width == 0) return;
  require(args.x && args.weight && args.y, "rms_norm_forward", "x, weight and y are given");
  context.ops().rms_norm_forward(context, args);
}

void rms_norm_backward(Context& context, const RmsNormBackwardArgs& args) {
  require(args.n_rows >= 0 && args.width >= 0, "rms_norm_backward", "sizes are not negative");
  if (args.n_rows == 0 || args.width == 0) return;
  require(args.grad_y && args.x && args.weight && args.rstd && args.grad_x, "rms_norm_backward",
          "grad_y, x, weight, rstd and grad_x are given");
  require(args.grad_x != args.x && (!args.accumulate || args.grad_x != args.grad_y), "rms_norm_backward",
          "grad_x does not alias x, nor grad_y when accumulating");
  context.ops().rms_norm_backward(context, args);
}

}  // namespace matinee
