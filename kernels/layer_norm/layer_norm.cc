#include "kernels/layer_norm/layer_norm.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {

void layer_norm_forward(Context& context, const LayerNormArgs& args) {
  require(args.n_rows >= 0 && args.width >= 0, "layer_norm_forward", "sizes are not negative");
  if (args.n_rows == 0 || args.width == 0) return;
  require(args.x && args.weight && args.y, "layer_norm_forward", "x, weight and y are given");
  context.ops().layer_norm_forward(context, args);
}

void layer_norm_backward(Context& context, const LayerNormBackwardArgs& args) {
  require(args.n_rows >= 0 && args.width >= 0, "layer_norm_backward", "sizes are not negative");
  if (args.n_rows == 0 || args.width == 0) return;
  require(args.grad_y && args.x && args.weight && args.mean && args.rstd && args.grad_x, "layer_norm_backward",
          "grad_y, x, weight, mean, rstd and grad_x are given");
  require(args.grad_x != args.x && (!args.accumulate || args.grad_x != args.grad_y), "layer_norm_backward",
          "grad_x does not alias x, nor grad_y when accumulating");
  context.ops().layer_norm_backward(context, args);
}

}  // namespace matinee
