#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/adamw/adamw_factors.h"
#include "kernels/context.h"
#include "kernels/cpu_ops.h"

namespace matinee {
namespace {

// The code whose value is nearest to x; the larger of two equally near ones.
std::uint8_t nearest(const std::array<float, 256>& values, float x) {
  std::size_t at = 0;
  for (std::size_t step = 128; step > 0; step /= 2) {
    if (at + step < 256 && values[at + step] <= x) at += step;
  }
  if (at < 255) {
    const float below = x - values[at], above = values[at + 1] - x;
    if (above <= below) ++at;
  }
  return static_cast<std::uint8_t>(at);
}

float largest(const float* values, std::int64_t n) {
  float result = 0;
  for (std::int64_t i = 0; i < n; ++i) result = std::max(result, std::fabs(values[i]));
  return result;
}

}  // namespace

void adamw8_update_cpu(Context& context, const AdamW8Args& args) {
  const AdamW8Codes& codes = adamw8_codes();
  const AdamWFactors factors(args);
  constexpr std::size_t kBlocks = 64;  // per task
  const std::int64_t n_blocks = (args.n + kAdamW8Block - 1) / kAdamW8Block;
  context.pool().for_blocks(static_cast<std::size_t>(n_blocks), kBlocks, [&](std::size_t begin, std::size_t end, int) {
    std::array<float, kAdamW8Block> m{}, r{};
    for (std::size_t block = begin; block < end; ++block) {
      const std::int64_t first = static_cast<std::int64_t>(block) * kAdamW8Block;
      const std::int64_t count = std::min(kAdamW8Block, args.n - first);
      for (std::int64_t j = 0; j < count; ++j) {
        const std::int64_t i = first + j;
        const auto at = static_cast<std::size_t>(j);
        const float g = args.grad_scale * args.grad[i];
        const float before = codes.r[args.r_codes[i]] * args.r_scales[block];
        m[at] = factors.beta1 * (codes.m[args.m_codes[i]] * args.m_scales[block]) + factors.rest1 * g;
        const float v = factors.beta2 * before * before + factors.rest2 * g * g;
        r[at] = std::sqrt(v);
        args.param[i] = factors.decay * args.param[i] -
                        factors.rate * m[at] / (std::sqrt(v * factors.second_correction) + factors.eps);
      }
      const float m_scale = largest(m.data(), count), r_scale = largest(r.data(), count);
      args.m_scales[block] = m_scale;
      args.r_scales[block] = r_scale;
      const float to_m = m_scale > 0 ? 1 / m_scale : 0, to_r = r_scale > 0 ? 1 / r_scale : 0;
      for (std::int64_t j = 0; j < count; ++j) {
        const auto at = static_cast<std::size_t>(j);
        args.m_codes[first + j] = nearest(codes.m, m[at] * to_m);
        const std::uint8_t r_code = nearest(codes.r, r[at] * to_r);
        args.r_codes[first + j] = r_code == kAdamW8ZeroR && r[at] > 0 ? std::uint8_t{1} : r_code;
      }
    }
  });
}

}  // namespace matinee
