#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// One step of Adam with decoupled weight decay on one parameter tensor:
///   g = grad_scale·grad;  m = beta1·m + (1 - beta1)·g;  v = beta2·v + (1 - beta2)·g²
///   param -= learning_rate·(m / (1 - beta1^step) / (sqrt(v / (1 - beta2^step)) + eps) + weight_decay·param)
template <class T>
struct AdamWArgsOf {
  std::int64_t n = 0;
  T* param = nullptr;       ///< [n], updated
  const T* grad = nullptr;  ///< [n]
  T* m = nullptr;           ///< [n], first moment, updated
  T* v = nullptr;           ///< [n], second moment, updated
  double learning_rate = 0, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  std::int64_t step = 1;  ///< 1 at the first update
  float grad_scale = 1;   ///< the clipping factor
};
using AdamWArgs = AdamWArgsOf<float>;

/// *sum += Σ x². In float64, in blocks of fixed size added in order; the root of the sum over all tensors is the global
/// norm of the gradient.
template <class T>
struct SquaredSumArgsOf {
  std::int64_t n = 0;
  const T* x = nullptr;
  double* sum = nullptr;  ///< [1]
};
using SquaredSumArgs = SquaredSumArgsOf<float>;

/// Throws Error(kInternal) for a negative size, missing pointers or step < 1.
/// Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101.
void adamw_update(Context& context, const AdamWArgs& args);
void squared_sum(Context& context, const SquaredSumArgs& args);

}  // namespace matinee
