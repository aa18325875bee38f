#include <cmath>

#include "kernels/reference.h"

namespace matinee {

void dora_norms_ref(const DoraNormsArgsOf<double>& args) {
  const auto* weight = static_cast<const double*>(args.weight.data);
  for (std::int64_t o = 0; o < args.out; ++o) {
    double squares = 0;
    for (std::int64_t i = 0; i < args.in; ++i) {
      double value = weight[o * args.in + i];
      for (std::int64_t r = 0; r < args.rank; ++r)
        value += static_cast<double>(args.scaling) * args.lora_B[o * args.rank + r] * args.lora_A[r * args.in + i];
      squares += value * value;
    }
    args.norms[o] = std::sqrt(squares);
  }
}

void dora_scale_ref(const DoraScaleArgsOf<double>& args) {
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    for (std::int64_t o = 0; o < args.out; ++o) {
      const std::int64_t i = row * args.out + o;
      const double value = args.magnitude[o] / args.norms[o] * args.z[i] + (args.bias == nullptr ? 0 : args.bias[o]);
      args.y[i] = args.accumulate ? args.y[i] + value : value;
    }
  }
}

void dora_backward_ref(const DoraBackwardArgsOf<double>& args) {
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    for (std::int64_t o = 0; o < args.out; ++o) {
      const std::int64_t i = row * args.out + o;
      args.grad_z[i] = args.magnitude[o] / args.norms[o] * args.grad_y[i];
      if (args.through != nullptr) args.through[i] = args.grad_z[i] - args.grad_y[i];
      args.grad_magnitude[o] += args.grad_y[i] * args.z[i] / args.norms[o];
    }
  }
}

}  // namespace matinee
