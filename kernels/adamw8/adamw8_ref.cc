#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kernels/reference.h"

namespace matinee {
namespace {

std::uint8_t nearest(const std::array<float, 256>& values, double x) {
  std::size_t best = 0;
  for (std::size_t code = 1; code < values.size(); ++code) {
    if (std::fabs(values[code] - x) <= std::fabs(values[best] - x)) best = code;
  }
  return static_cast<std::uint8_t>(best);
}

}  // namespace

void adamw8_update_ref(const AdamW8ArgsOf<double>& args) {
  const AdamW8Codes& codes = adamw8_codes();
  const auto step = static_cast<double>(args.step);
  for (std::int64_t first = 0; first < args.n; first += kAdamW8Block) {
    const std::int64_t block = first / kAdamW8Block, end = std::min(args.n, first + kAdamW8Block);
    std::vector<double> m, r;
    double m_scale = 0, r_scale = 0;
    for (std::int64_t i = first; i < end; ++i) {
      const double g = static_cast<double>(args.grad_scale) * args.grad[i];
      const double m_before = static_cast<double>(codes.m[args.m_codes[i]]) * args.m_scales[block];
      const double r_before = static_cast<double>(codes.r[args.r_codes[i]]) * args.r_scales[block];
      m.push_back(args.beta1 * m_before + (1 - args.beta1) * g);
      const double v = args.beta2 * r_before * r_before + (1 - args.beta2) * g * g;
      r.push_back(std::sqrt(v));
      m_scale = std::max(m_scale, std::fabs(m.back()));
      r_scale = std::max(r_scale, r.back());
      const double m_now = m.back() / (1 - std::pow(args.beta1, step)), v_now = v / (1 - std::pow(args.beta2, step));
      args.param[i] -= args.learning_rate * (m_now / (std::sqrt(v_now) + args.eps) + args.weight_decay * args.param[i]);
    }
    args.m_scales[block] = static_cast<float>(m_scale);
    args.r_scales[block] = static_cast<float>(r_scale);
    for (std::int64_t i = first; i < end; ++i) {
      const auto at = static_cast<std::size_t>(i - first);
      args.m_codes[i] = nearest(codes.m, m_scale > 0 ? m[at] / m_scale : 0);
      args.r_codes[i] = nearest(codes.r, r_scale > 0 ? r[at] / r_scale : 0);
      if (args.r_codes[i] == kAdamW8ZeroR && r[at] > 0) args.r_codes[i] = 1;
    }
  }
}

}  // namespace matinee
