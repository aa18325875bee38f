#include <cmath>

#include "kernels/context.h"
#include "kernels/cpu_ops.h"

namespace matinee {
namespace {

constexpr std::size_t kBlock = 1 << 15;

}  // namespace

void adamw_update_cpu(Context& context, const AdamWArgs& args) {
  // What does not depend on the element, in float64, rounded once.
  const double step = static_cast<double>(args.step);
  const auto beta1 = static_cast<float>(args.beta1), beta2 = static_cast<float>(args.beta2);
  const auto rest1 = static_cast<float>(1 - args.beta1), rest2 = static_cast<float>(1 - args.beta2);
  const auto rate = static_cast<float>(args.learning_rate / (1 - std::pow(args.beta1, step)));
  const auto second_correction = static_cast<float>(1 / (1 - std::pow(args.beta2, step)));
  const auto eps = static_cast<float>(args.eps);
  const auto decay = static_cast<float>(1 - args.learning_rate * args.weight_decay);
  context.pool().for_blocks(static_cast<std::size_t>(args.n), kBlock, [&](std::size_t begin, std::size_t end, int) {
    float* __restrict param = args.param;
    float* __restrict m = args.m;
    float* __restrict v = args.v;
    for (std::size_t i = begin; i < end; ++i) {
      const float g = args.grad_scale * args.grad[i];
      m[i] = beta1 * m[i] + rest1 * g;
      v[i] = beta2 * v[i] + rest2 * g * g;
      param[i] = decay * param[i] - rate * m[i] / (__builtin_sqrtf(v[i] * second_correction) + eps);
    }
  });
}

void squared_sum_cpu(Context& context, const SquaredSumArgs& args) {
  const auto n = static_cast<std::size_t>(args.n);
  const std::size_t n_blocks = (n + kBlock - 1) / kBlock;
  const ScratchScope scope(context.scratch());
  auto* parts = context.scratch().take_array<double>(n_blocks);
  context.pool().for_blocks(n, kBlock, [&](std::size_t begin, std::size_t end, int) {
    // Eight sums side by side: one chain of additions would wait for each.
    double sum[8] = {};
    std::size_t i = begin;
    for (; i + 8 <= end; i += 8) {
      for (std::size_t lane = 0; lane < 8; ++lane) {
        const double value = args.x[i + lane];
        sum[lane] += value * value;
      }
    }
    for (; i < end; ++i) sum[0] += static_cast<double>(args.x[i]) * args.x[i];
    parts[begin / kBlock] = ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
  });
  double total = 0;
  for (std::size_t block = 0; block < n_blocks; ++block) total += parts[block];
  *args.sum += total;
}

}  // namespace matinee
