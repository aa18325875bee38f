#pragma once

#include <cmath>

namespace matinee {

/// The factors of an AdamW step that are the same for all elements. Every device computes them in float64 and rounds
/// each once. With g = grad_scale·grad:
///   m = beta1·m + rest1·g;  v = beta2·v + rest2·g²;  param = decay·param - rate·m / (sqrt(v·second_correction) + eps)
struct AdamWFactors {
  /// `args` is an AdamWArgs or an AdamW8Args.
  template <class Args>
  explicit AdamWFactors(const Args& args)
      : beta1(static_cast<float>(args.beta1)),
        beta2(static_cast<float>(args.beta2)),
        rest1(static_cast<float>(1 - args.beta1)),
        rest2(static_cast<float>(1 - args.beta2)),
        rate(static_cast<float>(args.learning_rate / (1 - std::pow(args.beta1, static_cast<double>(args.step))))),
        second_correction(static_cast<float>(1 / (1 - std::pow(args.beta2, static_cast<double>(args.step))))),
        eps(static_cast<float>(args.eps)),
        decay(static_cast<float>(1 - args.learning_rate * args.weight_decay)),
        grad_scale(args.grad_scale) {}

  float beta1, beta2, rest1, rest2, rate, second_correction, eps, decay, grad_scale;
};

}  // namespace matinee
