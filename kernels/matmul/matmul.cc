#include "kernels/matmul/matmul.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/matmul/direct_rows.h"
#include "kernels/ops.h"

namespace matinee {
namespace {

void check_sizes(const char* op, std::int64_t n_rows, std::int64_t in, std::int64_t out) {
  require(n_rows >= 0 && in >= 0 && out >= 0, op, "sizes are not negative");
}

}  // namespace

void matmul_forward(Context& context, const MatmulArgs& args) {
  check_sizes("matmul_forward", args.n_rows, args.in, args.out);
  if (args.n_rows == 0 || args.out == 0) return;
  if (args.in > 0) require_weight("matmul_forward", args.weight);
  require((args.x != nullptr || args.in == 0) && args.y != nullptr, "matmul_forward", "x and y are given");
  context.ops().matmul_forward(context, args);
}

void matmul_backward_input(Context& context, const MatmulBackwardInputArgs& args) {
  check_sizes("matmul_backward_input", args.n_rows, args.in, args.out);
  if (args.n_rows == 0 || args.in == 0) return;
  if (args.out > 0) require_weight("matmul_backward_input", args.weight);
  require((args.grad_y != nullptr || args.out == 0) && args.grad_x != nullptr, "matmul_backward_input",
          "grad_y and grad_x are given");
  context.ops().matmul_backward_input(context, args);
}

void matmul_backward_weight(Context& context, const MatmulBackwardWeightArgs& args) {
  check_sizes("matmul_backward_weight", args.n_rows, args.in, args.out);
  if (args.n_rows == 0 || args.out == 0) return;
  require(args.grad_y != nullptr, "matmul_backward_weight", "grad_y is given");
  require((args.x != nullptr && args.grad_weight != nullptr) || args.in == 0, "matmul_backward_weight",
          "x and grad_weight are given");
  context.ops().matmul_backward_weight(context, args);
}

std::int64_t direct_rows(const Context& context) {
  if (context.device().kind == DeviceKind::kCuda) return kGemvRows;
  // Packed pairs of bfloat16 are multiplied twice as fast.
  return context.multiplies_bf16() ? 32 : 96;
}

bool takes_rounded(const Context& context, MatmulPrecision precision, std::int64_t n_rows) {
  return precision == MatmulPrecision::kBF16 && n_rows > direct_rows(context) && context.multiplies_bf16();
}

}  // namespace matinee
