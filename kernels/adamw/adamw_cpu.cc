#include "kernels/adamw/adamw_factors.h"
#include "kernels/context.h"
#include "kernels/cpu_ops.h"

namespace matinee {
namespace {

constexpr std::size_t kBlock = 1 << 15;

}  // namespace

void adamw_update_cpu(Context& context, const AdamWArgs& args) {
  const AdamWFactors factors(args);
  context.pool().for_blocks(static_cast<std::size_t>(args.n), kBlock, [&](std::size_t begin, std::size_t end, int) {
    float* __restrict param = args.param;
    float* __restrict m = args.m;
    float* __restrict v = args.v;
    for (std::size_t i = begin; i < end; ++i) {
      const float g = args.grad_scale * args.grad[i];
      m[i] = factors.beta1 * m[i] + factors.rest1 * g;
      v[i] = factors.beta2 * v[i] + factors.rest2 * g * g;
      param[i] = factors.decay * param[i] -
                 factors.rate * m[i] / (__builtin_sqrtf(v[i] * factors.second_correction) + factors.eps);
    }
  });
}

void squared_sum_cpu(Context& context, const SquaredSumArgs& args) {
  const auto n = static_cast<std::size_t>(args.n);
  const std::size_t n_blocks = (n + kBlock - 1) / kBlock;
  const ScratchScope scope(context.scratch());
  auto* parts = context.scratch().take_array<double>(n_blocks);
  context.pool().for_blocks(n, kBlock, [&](std::size_t begin, std::size_t end, int) {
    // Eight independent sums hide the latency of the additions.
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
