#include <cmath>

#include "kernels/reference.h"

namespace matinee {

void rms_norm_forward_ref(const RmsNormArgsOf<double>& args) {
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    const double* x = args.x + row * args.width;
    double mean_square = 0;
    for (std::int64_t i = 0; i < args.width; ++i) mean_square += x[i] * x[i] / static_cast<double>(args.width);
    const double rstd = 1 / std::sqrt(mean_square + static_cast<double>(args.eps));
    for (std::int64_t i = 0; i < args.width; ++i) {
      args.y[row * args.width + i] = x[i] * rstd * args.weight[i];
    }
    if (args.rstd != nullptr) args.rstd[row] = rstd;
  }
}

void rms_norm_backward_ref(const RmsNormBackwardArgsOf<double>& args) {
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    const double* x = args.x + row * args.width;
    const double* grad_y = args.grad_y + row * args.width;
    const double rstd = args.rstd[row];
    double dot = 0;
    for (std::int64_t i = 0; i < args.width; ++i) dot += grad_y[i] * args.weight[i] * x[i];
    for (std::int64_t i = 0; i < args.width; ++i) {
      if (args.grad_weight != nullptr) args.grad_weight[i] += grad_y[i] * x[i] * rstd;
      const double grad =
          grad_y[i] * args.weight[i] * rstd - x[i] * rstd * rstd * rstd * dot / static_cast<double>(args.width);
      double& grad_x = args.grad_x[row * args.width + i];
      grad_x = args.accumulate ? grad_x + grad : grad;
    }
  }
}

}  // namespace matinee
