#include <cmath>
#include <numbers>

#include "kernels/reference.h"

namespace matinee {
namespace {

constexpr double kGeluSlope = 0.79788456080286535588;  // sqrt(2 / pi)

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

double value(Activation activation, double x) {
  switch (activation) {
    case Activation::kSilu: return x / (1 + std::exp(-x));
    case Activation::kGeluTanh: return 0.5 * x * (1 + std::tanh(kGeluSlope * (x + 0.044715 * x * x * x)));
    case Activation::kGeluExact: return x * normal_cdf(x);
    case Activation::kRelu: return x > 0 ? x : 0;
  }
  return 0;
}

double slope(Activation activation, double x) {
  switch (activation) {
    case Activation::kSilu: {
      const double s = 1 / (1 + std::exp(-x));
      return s * (1 + x * (1 - s));
    }
    case Activation::kGeluTanh: {
      const double t = std::tanh(kGeluSlope * (x + 0.044715 * x * x * x));
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * kGeluSlope * (1 + 3 * 0.044715 * x * x);
    }
    case Activation::kGeluExact: return normal_cdf(x) + x * std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
    case Activation::kRelu: return x > 0 ? 1 : 0;
  }
  return 0;
}

}  // namespace

void activation_forward_ref(const ActivationArgsOf<double>& args) {
  for (std::int64_t i = 0; i < args.n; ++i) {
    args.y[i] = value(args.activation, args.x[i]) * (args.up == nullptr ? 1 : args.up[i]);
  }
}

void activation_backward_ref(const ActivationBackwardArgsOf<double>& args) {
  for (std::int64_t i = 0; i < args.n; ++i) {
    const double x = args.x[i], grad_y = args.grad_y[i], up = args.up == nullptr ? 1 : args.up[i];
    if (args.up != nullptr) args.grad_up[i] = grad_y * value(args.activation, x);
    args.grad_x[i] = grad_y * up * slope(args.activation, x);
  }
}

}  // namespace matinee
