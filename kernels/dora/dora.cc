#include "kernels/dora/dora.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {

void dora_norms(Context& context, const DoraNormsArgs& args) {
  const char* op = "dora_norms";
  require(args.out >= 0 && args.in >= 0 && args.rank >= 0, op, "sizes are not negative");
  if (args.out == 0) return;
  require(args.norms != nullptr, op, "norms is given");
  if (args.in > 0) require_weight(op, args.weight);
  require(args.rank == 0 || args.in == 0 || (args.lora_A && args.lora_B), op, "lora_A and lora_B are given");
  context.ops().dora_norms(context, args);
}

void dora_scale(Context& context, const DoraScaleArgs& args) {
  const char* op = "dora_scale";
  require(args.n_rows >= 0 && args.out >= 0, op, "sizes are not negative");
  if (args.n_rows == 0 || args.out == 0) return;
  require(args.z && args.magnitude && args.norms && args.y, op, "z, magnitude, norms and y are given");
  context.ops().dora_scale(context, args);
}

void dora_backward(Context& context, const DoraBackwardArgs& args) {
  const char* op = "dora_backward";
  require(args.n_rows >= 0 && args.out >= 0, op, "sizes are not negative");
  if (args.n_rows == 0 || args.out == 0) return;
  require(args.grad_y && args.z && args.magnitude && args.norms, op, "all inputs are given");
  require(args.grad_z && args.grad_magnitude, op, "grad_z and grad_magnitude are given");
  context.ops().dora_backward(context, args);
}

}  // namespace matinee
