#include <cmath>

#include "kernels/reference.h"

namespace matinee {

void adamw_update_ref(const AdamWArgsOf<double>& args) {
  const auto step = static_cast<double>(args.step);
  for (std::int64_t i = 0; i < args.n; ++i) {
    const double g = static_cast<double>(args.grad_scale) * args.grad[i];
    args.m[i] = args.beta1 * args.m[i] + (1 - args.beta1) * g;
    args.v[i] = args.beta2 * args.v[i] + (1 - args.beta2) * g * g;
    const double m = args.m[i] / (1 - std::pow(args.beta1, step)), v = args.v[i] / (1 - std::pow(args.beta2, step));
    args.param[i] -= args.learning_rate * (m / (std::sqrt(v) + args.eps) + args.weight_decay * args.param[i]);
  }
}

void squared_sum_ref(const SquaredSumArgsOf<double>& args) {
  for (std::int64_t i = 0; i < args.n; ++i) *args.sum += args.x[i] * args.x[i];
}

}  // namespace matinee
