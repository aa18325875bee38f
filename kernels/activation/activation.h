#pragma once

#include <cstdint>

namespace matinee {

class Context;

enum class Activation : std::uint8_t {
  kSilu,       ///< x·sigmoid(x); gated: SwiGLU
  kGeluTanh,   ///< 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
  kGeluExact,  ///< 0.5·x·(1 + erf(x/√2))
  kRelu,       ///< max(x, 0)
};

/// y = act(x), or with a gate (`up` given) y = act(x)·up, elementwise.
template <class T>
struct ActivationArgsOf {
  std::int64_t n = 0;  ///< elements
  Activation activation = Activation::kSilu;
  const T* x = nullptr;   ///< [n], the gate of a gated MLP
  const T* up = nullptr;  ///< [n], or none
  T* y = nullptr;         ///< [n], overwritten; may be x or up
};
using ActivationArgs = ActivationArgsOf<float>;

template <class T>
struct ActivationBackwardArgsOf {
  std::int64_t n = 0;
  Activation activation = Activation::kSilu;
  const T* grad_y = nullptr;  ///< [n]
  const T* x = nullptr;       ///< [n]
  const T* up = nullptr;      ///< [n], or none
  T* grad_x = nullptr;        ///< [n], overwritten; may be any of the inputs (element i is read before it is written)
  T* grad_up = nullptr;       ///< [n], overwritten, likewise; given if `up` is. Not the same array as grad_x
};
using ActivationBackwardArgs = ActivationBackwardArgsOf<float>;

/// Throws Error(kInternal) for a negative size or missing pointers. SwiGLU: Shazeer 2020, arXiv:2002.05202; GELU:
/// Hendrycks and Gimpel 2016, arXiv:1606.08415.
void activation_forward(Context& context, const ActivationArgs& args);
void activation_backward(Context& context, const ActivationBackwardArgs& args);

}  // namespace matinee
