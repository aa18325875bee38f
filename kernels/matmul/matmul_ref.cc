#include "kernels/reference.h"

namespace matinee {

void matmul_forward_ref(const MatmulArgsOf<double>& args) {
  const auto* weight = static_cast<const double*>(args.weight.data);
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    for (std::int64_t o = 0; o < args.out; ++o) {
      double sum = args.bias == nullptr ? 0 : args.bias[o];
      for (std::int64_t i = 0; i < args.in; ++i) sum += args.x[row * args.in + i] * weight[o * args.in + i];
      double& y = args.y[row * args.out + o];
      y = args.accumulate ? y + sum : sum;
    }
  }
}

void matmul_backward_input_ref(const MatmulBackwardInputArgsOf<double>& args) {
  const auto* weight = static_cast<const double*>(args.weight.data);
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    for (std::int64_t i = 0; i < args.in; ++i) {
      double sum = 0;
      for (std::int64_t o = 0; o < args.out; ++o) sum += args.grad_y[row * args.out + o] * weight[o * args.in + i];
      double& grad_x = args.grad_x[row * args.in + i];
      grad_x = args.accumulate ? grad_x + sum : sum;
    }
  }
}

void matmul_backward_weight_ref(const MatmulBackwardWeightArgsOf<double>& args) {
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    for (std::int64_t o = 0; o < args.out; ++o) {
      const double grad_y = args.grad_y[row * args.out + o];
      for (std::int64_t i = 0; i < args.in; ++i)
        args.grad_weight[o * args.in + i] += grad_y * args.x[row * args.in + i];
      if (args.grad_bias != nullptr) args.grad_bias[o] += grad_y;
    }
  }
}

}  // namespace matinee
