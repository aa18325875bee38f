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

float sum_of(const float* x, long width) {
  vec sum = zero();
  for_vectors(width, [&](long i, auto mask) { sum += load(x + i, mask); });
  return sum_lanes(sum);
}

// Two passes, so that a large mean costs no precision.
float sum_of_squares_about(float mean, const float* x, long width) {
  vec sum = zero();
  for_vectors(width, [&](long i, auto mask) {
    const vec centered = select(mask, load(x + i, mask) - mean, zero());
    sum = fmadd(centered, centered, sum);
  });
  return sum_lanes(sum);
}

void forward_row(const LayerNormArgs& args, std::int64_t row) {
  const float* x = args.x + row * args.width;
  float* y = args.y + row * args.width;
  const auto width = static_cast<float>(args.width);
  const float mean = sum_of(x, args.width) / width;
  const float rstd = 1.0f / std::sqrt(sum_of_squares_about(mean, x, args.width) / width + args.eps);
  for_vectors(args.width, [&](long i, auto mask) {
    const vec bias = args.bias == nullptr ? zero() : load(args.bias + i, mask);
    store(y + i, fmadd((load(x + i, mask) - mean) * rstd, load(args.weight + i, mask), bias), mask);
  });
  if (args.mean != nullptr) args.mean[row] = mean;
  if (args.rstd != nullptr) args.rstd[row] = rstd;
}

// With n = (x - mean)·rstd and g = grad_y·weight: grad_x = rstd·(g - mean(g) - n·mean(g·n)).
void backward_row(const LayerNormBackwardArgs& args, std::int64_t row, float* grad_weight, float* grad_bias) {
  const float* x = args.x + row * args.width;
  const float* grad_y = args.grad_y + row * args.width;
  float* grad_x = args.grad_x + row * args.width;
  const float mean = args.mean[row], rstd = args.rstd[row];
  vec sum_g = zero(), sum_gn = zero();
  for_vectors(args.width, [&](long i, auto mask) {
    const vec g = load(grad_y + i, mask) * load(args.weight + i, mask);
    sum_g += g;
    sum_gn = fmadd(g, (load(x + i, mask) - mean) * rstd, sum_gn);
  });
  const float mean_g = sum_lanes(sum_g) / static_cast<float>(args.width);
  const float mean_gn = sum_lanes(sum_gn) / static_cast<float>(args.width);
  for_vectors(args.width, [&](long i, auto mask) {
    const vec n = (load(x + i, mask) - mean) * rstd, grad = load(grad_y + i, mask);
    if (grad_weight != nullptr) store(grad_weight + i, fmadd(grad, n, load(grad_weight + i, mask)), mask);
    if (grad_bias != nullptr) store(grad_bias + i, grad + load(grad_bias + i, mask), mask);
    vec result = (grad * load(args.weight + i, mask) - mean_g - n * mean_gn) * rstd;
    if (args.accumulate) result += load(grad_x + i, mask);
    store(grad_x + i, result, mask);
  });
}

}  // namespace

void layer_norm_forward_cpu(Context& context, const LayerNormArgs& args) {
  context.pool().for_blocks(static_cast<std::size_t>(args.n_rows), kRowBlock,
                            [&](std::size_t begin, std::size_t end, int) {
                              for (std::size_t row = begin; row < end; ++row)
                                forward_row(args, static_cast<std::int64_t>(row));
                            });
}

void layer_norm_backward_cpu(Context& context, const LayerNormBackwardArgs& args) {
  // Each block of rows sums its part of the two parameter gradients; the parts are added in order.
  const auto n_blocks = (args.n_rows + kRowBlock - 1) / kRowBlock;
  const ScratchScope scope(context.scratch());
  const auto new_parts = [&](const float* wanted) -> float* {
    if (wanted == nullptr) return nullptr;
    auto* parts = context.scratch().take_array<float>(static_cast<std::size_t>(n_blocks * args.width));
    std::fill_n(parts, n_blocks * args.width, 0.0f);
    return parts;
  };
  float* weight_parts = new_parts(args.grad_weight);
  float* bias_parts = new_parts(args.grad_bias);
  context.pool().for_blocks(
      static_cast<std::size_t>(args.n_rows), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
        const std::int64_t offset = static_cast<std::int64_t>(begin) / kRowBlock * args.width;
        for (std::size_t row = begin; row < end; ++row) {
          backward_row(args, static_cast<std::int64_t>(row), weight_parts == nullptr ? nullptr : weight_parts + offset,
                       bias_parts == nullptr ? nullptr : bias_parts + offset);
        }
      });
  for (std::int64_t block = 0; block < n_blocks; ++block) {
    for (std::int64_t i = 0; i < args.width; ++i) {
      if (weight_parts != nullptr) args.grad_weight[i] += weight_parts[block * args.width + i];
      if (bias_parts != nullptr) args.grad_bias[i] += bias_parts[block * args.width + i];
    }
  }
}

}  // namespace matinee
