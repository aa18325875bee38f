#include "kernels/lora_matmul/lora_matmul.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {
namespace {

template <class Args>
void check(const char* op, const Args& args) {
  require(args.n_rows >= 0 && args.in >= 0, op, "sizes are not negative");
  require(!args.parts.empty() && args.parts.size() <= kMaxLoraParts, op, "there are 1 to 4 parts");
  require(args.x != nullptr || args.in == 0 || args.n_rows == 0, op, "x is given");
  for (const auto& part : args.parts) {
    require(part.out >= 0 && part.rank > 0, op, "out is not negative, the rank is positive");
    require(part.dropout.drop_probability >= 0 && part.dropout.drop_probability < 1, op,
            "drop_probability is at least 0 and below 1");
  }
}

}  // namespace

void lora_matmul_forward(Context& context, const LoraMatmulArgs& args) {
  constexpr const char* kOp = "lora_matmul_forward";
  check(kOp, args);
  if (args.n_rows == 0) return;
  for (const LoraPart& part : args.parts) {
    require(part.lora_A != nullptr || args.in == 0, kOp, "lora_A is given");
    require((part.lora_B != nullptr && part.y != nullptr) || part.out == 0, kOp, "lora_B and y are given");
    require(part.xa != nullptr, kOp, "xa is given");
  }
  context.ops().lora_matmul_forward(context, args);
}

void lora_matmul_backward(Context& context, const LoraMatmulBackwardArgs& args) {
  constexpr const char* kOp = "lora_matmul_backward";
  check(kOp, args);
  if (args.n_rows == 0) return;
  for (const LoraBackwardPart& part : args.parts) {
    require((part.lora_A != nullptr && part.grad_A != nullptr) || args.in == 0, kOp, "lora_A and grad_A are given");
    require((part.grad_y != nullptr && part.lora_B != nullptr && part.grad_B != nullptr) || part.out == 0, kOp,
            "grad_y, lora_B and grad_B are given");
    require(part.xa != nullptr, kOp, "xa is given");
  }
  context.ops().lora_matmul_backward(context, args);
}

}  // namespace matinee
