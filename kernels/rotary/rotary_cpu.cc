#include "kernels/context.h"
#include "kernels/cpu_ops.h"

namespace matinee {
namespace {

// `sign` is +1 forward and -1 backward. The iterations are independent, so the compiler vectorizes the loops.
void turn_token(const RotaryArgs& args, std::int64_t token, float sign) {
  const std::int64_t half = args.rotary_dim / 2;
  const float* cosine = args.cosines + args.positions[token] * half;
  const float* sine = args.sines + args.positions[token] * half;
  for (std::int64_t head = 0; head < args.n_heads; ++head) {
    float* x = args.x + (token * args.n_heads + head) * args.head_dim;
    if (args.style == RotaryStyle::kHalfSplit) {
      float* __restrict first = x;
      float* __restrict second = x + half;
      for (std::int64_t i = 0; i < half; ++i) {
        const float a = first[i], b = second[i], s = sign * sine[i];
        first[i] = a * cosine[i] - b * s;
        second[i] = b * cosine[i] + a * s;
      }
    } else {
      for (std::int64_t i = 0; i < half; ++i) {
        const float a = x[2 * i], b = x[2 * i + 1], s = sign * sine[i];
        x[2 * i] = a * cosine[i] - b * s;
        x[2 * i + 1] = b * cosine[i] + a * s;
      }
    }
  }
}

void turn(Context& context, const RotaryArgs& args, float sign) {
  context.pool().for_blocks(static_cast<std::size_t>(args.n_tokens), 128, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t token = begin; token < end; ++token) turn_token(args, static_cast<std::int64_t>(token), sign);
  });
}

}  // namespace

void rotary_forward_cpu(Context& context, const RotaryArgs& args) { turn(context, args, 1.0f); }
void rotary_backward_cpu(Context& context, const RotaryArgs& args) { turn(context, args, -1.0f); }

}  // namespace matinee
