#include <cmath>

#include "kernels/reference.h"

namespace matinee {

void layer_norm_forward_ref(const LayerNormArgsOf<double>& args) {
  const auto width = static_cast<double>(args.width);
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    const double* x = args.x + row * args.width;
    double mean = 0, variance = 0;
    for (std::int64_t i = 0; i < args.width; ++i) mean += x[i] / width;
    for (std::int64_t i = 0; i < args.width; ++i) variance += (x[i] - mean) * (x[i] - mean) / width;
    const double rstd = 1 / std::sqrt(variance + static_cast<double>(args.eps));
    for (std::int64_t i = 0; i < args.width; ++i) {
      args.y[row * args.width + i] = (x[i] - mean) * rstd * args.weight[i] + (args.bias == nullptr ? 0 : args.bias[i]);
    }
    if (args.mean != nullptr) args.mean[row] = mean;
    if (args.rstd != nullptr) args.rstd[row] = rstd;
  }
}

void layer_norm_backward_ref(const LayerNormBackwardArgsOf<double>& args) {
  const auto width = static_cast<double>(args.width);
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    const double* x = args.x + row * args.width;
    const double* grad_y = args.grad_y + row * args.width;
    const double mean = args.mean[row], rstd = args.rstd[row];
    double mean_g = 0, mean_gn = 0;
    for (std::int64_t i = 0; i < args.width; ++i) {
      mean_g += grad_y[i] * args.weight[i] / width;
      mean_gn += grad_y[i] * args.weight[i] * (x[i] - mean) * rstd / width;
    }
    for (std::int64_t i = 0; i < args.width; ++i) {
      const double n = (x[i] - mean) * rstd;
      if (args.grad_weight != nullptr) args.grad_weight[i] += grad_y[i] * n;
      if (args.grad_bias != nullptr) args.grad_bias[i] += grad_y[i];
      const double grad = rstd * (grad_y[i] * args.weight[i] - mean_g - n * mean_gn);
      double& grad_x = args.grad_x[row * args.width + i];
      grad_x = args.accumulate ? grad_x + grad : grad;
    }
  }
}

}  // namespace matinee
