#include "kernels/activation/activation.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {

void activation_forward(Context& context, const ActivationArgs& args) {
  require(args.n >= 0, "activation_forward", "the size is not negative");
  if (args.n == 0) return;
  require(args.x && args.y, "activation_forward", "x and y are given");
  context.ops().activation_forward(context, args);
}

void activation_backward(Context& context, const ActivationBackwardArgs& args) {
  require(args.n >= 0, "activation_backward", "the size is not negative");
  if (args.n == 0) return;
  require(args.grad_y && args.x && args.grad_x, "activation_backward", "grad_y, x and grad_x are given");
  require((args.up == nullptr) == (args.grad_up == nullptr), "activation_backward",
          "grad_up is given just where up is");
  require(args.grad_up != args.grad_x, "activation_backward", "grad_x and grad_up stand apart");
  context.ops().activation_backward(context, args);
}

}  // namespace matinee
