#include "kernels/adamw8/adamw8.h"

#include <algorithm>
#include <cmath>

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {
namespace {

// Emits `per_power` values for the smallest power of ten, twice as many for the next, and so on: the midpoints of equal
// parts of [0.1, 1] times the power.
template <class Emit>
void dynamic_values(int per_power, const Emit& emit) {
  int parts = per_power;
  for (int power = -6; power <= 0; ++power, parts *= 2) {
    for (int part = 0; part < parts; ++part) emit((0.1 + 0.9 * (part + 0.5) / parts) * std::pow(10.0, power));
  }
}

AdamW8Codes make_codes() {
  AdamW8Codes codes{};
  std::size_t i = 0;
  dynamic_values(1, [&](double value) {
    codes.m[i++] = static_cast<float>(value);
    codes.m[i++] = static_cast<float>(-value);
  });
  codes.m[i++] = 0;
  codes.m[i] = 1;
  i = 0;
  dynamic_values(2, [&](double value) { codes.r[i++] = static_cast<float>(value); });
  codes.r[i++] = 0;
  codes.r[i] = 1;
  std::sort(codes.m.begin(), codes.m.end());
  std::sort(codes.r.begin(), codes.r.end());
  return codes;
}

}  // namespace

const AdamW8Codes& adamw8_codes() {
  static const AdamW8Codes codes = make_codes();
  return codes;
}

void adamw8_update(Context& context, const AdamW8Args& args) {
  require(args.n >= 0, "adamw8_update", "the size is not negative");
  require(args.step >= 1, "adamw8_update", "steps count from 1");
  if (args.n == 0) return;
  require(args.param && args.grad && args.m_codes && args.m_scales && args.r_codes && args.r_scales, "adamw8_update",
          "param, grad, codes and scales are given");
  context.ops().adamw8_update(context, args);
}

}  // namespace matinee
