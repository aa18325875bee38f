#include <immintrin.h>

#include <algorithm>
#include <cmath>

#include "kernels/context.h"
#include "kernels/cpu_ops.h"

#define MATINEE_LANES 8

namespace matinee {
namespace {

#include "kernels/vector_math.inc"

constexpr std::int64_t kRowBlock = 64;

float sum_of_squares(const float* x, long width) {
  vec sum = zero(), second = zero();
  long i = 0;
  for (; i + 2 * kLanes <= width; i += 2 * kLanes) {
    const vec a = load(x + i), b = load(x + i + kLanes);
    sum = fmadd(a, a, sum);
    second = fmadd(b, b, second);
  }
  for (; i < width; i += kLanes) {
    const vec a = load(x + i, first_lanes(std::min(kLanes, width - i)));
    sum = fmadd(a, a, sum);
  }
  return sum_lanes(sum + second);
}

// Σ grad_y·weight·x of one row.
float weighted_dot(const float* grad_y, const float* x, const float* weight, long width) {
  vec sum = zero();
  for_vectors(width, [&](long i, auto mask) {
    sum = fmadd(load(grad_y + i, mask) * load(weight + i, mask), load(x + i, mask), sum);
  });
  return sum_lanes(sum);
}

void backward_row(const RmsNormBackwardArgs& args, std::int64_t row, float* grad_weight) {
  const float* x = args.x + row * args.width;
  const float* grad_y = args.grad_y + row * args.width;
  float* grad_x = args.grad_x + row * args.width;
  const float rstd = args.rstd[row];
  const float dot = weighted_dot(grad_y, x, args.weight, args.width);
  const float slope = -rstd * rstd * rstd * dot / static_cast<float>(args.width);
  for_vectors(args.width, [&](long i, auto mask) {
    const vec g = load(grad_y + i, mask), value = load(x + i, mask);
    if (grad_weight != nullptr) store(grad_weight + i, fmadd(g * rstd, value, load(grad_weight + i, mask)), mask);
    vec result = fmadd(value, broadcast(slope), g * load(args.weight + i, mask) * rstd);
    if (args.accumulate) result += load(grad_x + i, mask);
    store(grad_x + i, result, mask);
  });
}

}  // namespace

void rms_norm_forward_cpu(Context& context, const RmsNormArgs& args) {
  context.pool().for_blocks(
      static_cast<std::size_t>(args.n_rows), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
        for (auto row = static_cast<std::int64_t>(begin); row < static_cast<std::int64_t>(end); ++row) {
          const float* x = args.x + row * args.width;
          float* y = args.y + row * args.width;
          const float rstd =
              1.0f / std::sqrt(sum_of_squares(x, args.width) / static_cast<float>(args.width) + args.eps);
          for_vectors(args.width, [&](long i, auto mask) {
            store(y + i, load(x + i, mask) * rstd * load(args.weight + i, mask), mask);
          });
          if (args.rstd != nullptr) args.rstd[row] = rstd;
        }
      });
}

void rms_norm_backward_cpu(Context& context, const RmsNormBackwardArgs& args) {
  // Each block of rows sums its part of grad_weight; the parts are added in order.
  const auto n_blocks = (args.n_rows + kRowBlock - 1) / kRowBlock;
  const ScratchScope scope(context.scratch());
  float* parts = nullptr;
  if (args.grad_weight != nullptr) {
    parts = context.scratch().take_array<float>(static_cast<std::size_t>(n_blocks * args.width));
    std::fill_n(parts, n_blocks * args.width, 0.0f);
  }
  context.pool().for_blocks(
      static_cast<std::size_t>(args.n_rows), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
        float* part = parts == nullptr ? nullptr : parts + static_cast<std::int64_t>(begin) / kRowBlock * args.width;
        for (std::size_t row = begin; row < end; ++row) backward_row(args, static_cast<std::int64_t>(row), part);
      });
  for (std::int64_t block = 0; parts != nullptr && block < n_blocks; ++block) {
    for (std::int64_t i = 0; i < args.width; ++i) args.grad_weight[i] += parts[block * args.width + i];
  }
}

}  // namespace matinee
