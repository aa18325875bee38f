#include "kernels/lora_matmul/lora_matmul.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {
namespace {

template <class Args>
void check(const char* op, const Args& args) {
  require(args.n_rows >= 0 && args.in >= 0 && args.out >= 0 && args.rank >= 0, op, "sizes are not negative");
  require(args.dropout.drop_probability >= 0 && args.dropout.drop_probability < 1, op,
          "drop_probability is at least 0 and below 1");
}

}  // namespace

void lora_matmul_forward(Context& context, const LoraMatmulArgs& args) {
  check("lora_matmul_forward", args);
  if (args.n_rows == 0 || args.rank == 0) return;
  require((args.x && args.lora_A) || args.in == 0, "lora_matmul_forward", "x and lora_A are given");
  require((args.lora_B && args.y) || args.out == 0, "lora_matmul_forward", "lora_B and y are given");
  require(args.xa != nullptr, "lora_matmul_forward", "xa is given");
  context.ops().lora_matmul_forward(context, args);
}

void lora_matmul_backward(Context& context, const LoraMatmulBackwardArgs& args) {
  check("lora_matmul_backward", args);
  if (args.n_rows == 0 || args.rank == 0) return;
  require((args.x && args.lora_A && args.grad_A) || args.in == 0, "lora_matmul_backward",
          "x, lora_A and grad_A are given");
  require((args.grad_y && args.lora_B && args.grad_B) || args.out == 0, "lora_matmul_backward",
          "grad_y, lora_B and grad_B are given");
  require(args.xa != nullptr, "lora_matmul_backward", "xa is given");
  context.ops().lora_matmul_backward(context, args);
}

}  // namespace matinee
