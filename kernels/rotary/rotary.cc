#include "kernels/rotary/rotary.h"

#include <cmath>

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {
namespace {

// Whether there is anything to rotate.
bool check(const Context& context, const char* op, const RotaryArgs& args) {
  require(args.n_tokens >= 0 && args.n_heads >= 0 && args.head_dim >= 0, op, "sizes are not negative");
  require(args.rotary_dim >= 0 && args.rotary_dim % 2 == 0 && args.rotary_dim <= args.head_dim, op,
          "rotary_dim is even and within the head");
  if (args.n_tokens == 0 || args.n_heads == 0 || args.rotary_dim == 0) return false;
  require(args.positions && args.cosines && args.sines && args.x, op, "positions, both tables and x are given");
  // The host cannot read arrays on a GPU.
  for (std::int64_t t = 0; t < args.n_tokens && context.allocator()->is_host(); ++t) {
    require(args.positions[t] >= 0 && args.positions[t] < args.n_positions, op, "positions are in the tables");
  }
  return true;
}

}  // namespace

void rotary_forward(Context& context, const RotaryArgs& args) {
  if (check(context, "rotary_forward", args)) context.ops().rotary_forward(context, args);
}

void rotary_backward(Context& context, const RotaryArgs& args) {
  if (check(context, "rotary_backward", args)) context.ops().rotary_backward(context, args);
}

void fill_rotary_tables(const double* frequency, std::int64_t n_frequencies, std::int64_t n_positions,
                        double multiplier, float* cosines, float* sines) {
  for (std::int64_t position = 0; position < n_positions; ++position) {
    for (std::int64_t i = 0; i < n_frequencies; ++i) {
      const double angle = static_cast<double>(position) * frequency[i];
      cosines[position * n_frequencies + i] = static_cast<float>(multiplier * std::cos(angle));
      sines[position * n_frequencies + i] = static_cast<float>(multiplier * std::sin(angle));
    }
  }
}

}  // namespace matinee
