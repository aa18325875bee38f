#include "kernels/reference.h"

namespace matinee {
namespace {

void turn(const RotaryArgsOf<double>& args, double sign) {
  const std::int64_t half = args.rotary_dim / 2;
  for (std::int64_t token = 0; token < args.n_tokens; ++token) {
    for (std::int64_t head = 0; head < args.n_heads; ++head) {
      double* x = args.x + (token * args.n_heads + head) * args.head_dim;
      for (std::int64_t i = 0; i < half; ++i) {
        const bool split = args.style == RotaryStyle::kHalfSplit;
        double& first = x[split ? i : 2 * i];
        double& second = x[split ? i + half : 2 * i + 1];
        const double cosine = args.cosines[args.positions[token] * half + i];
        const double sine = sign * args.sines[args.positions[token] * half + i];
        const double a = first, b = second;
        first = a * cosine - b * sine;
        second = a * sine + b * cosine;
      }
    }
  }
}

}  // namespace

void rotary_forward_ref(const RotaryArgsOf<double>& args) { turn(args, 1); }
void rotary_backward_ref(const RotaryArgsOf<double>& args) { turn(args, -1); }

}  // namespace matinee
