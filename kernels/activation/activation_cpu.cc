#include <immintrin.h>

#include <algorithm>
#include <cmath>

#include "kernels/context.h"
#include "kernels/cpu_ops.h"

#define MATINEE_LANES 8

namespace matinee {
namespace {

#include "kernels/vector_math.inc"

constexpr std::size_t kBlock = 1 << 14;

struct Value {
  vec y, slope;  // act(x) and its derivative
};

inline vec sigmoid(vec x) { return 1.0f / (1.0f + exp_lanes(-x)); }

inline Value silu(vec x) {
  const vec s = sigmoid(x), y = x * s;
  return {y, s + y * (1.0f - s)};
}

// tanh(u) = 2·sigmoid(2u) - 1, so 0.5·x·(1 + tanh(u)) = x·sigmoid(2u).
inline Value gelu_tanh(vec x) {
  const float k = 2 * 0.7978845608f, c = 0.044715f;
  const vec square = x * x, s = sigmoid(k * (x + c * x * square)), y = x * s;
  return {y, s + y * (1.0f - s) * (k * (1.0f + 3 * c * square))};
}

// No short polynomial approximates erf well in the tails, so each lane calls the C library's function.
Value gelu_exact(vec x) {
  alignas(32) float lane[kLanes];
  store(lane, x);
  for (float& value : lane) value = 0.5f * std::erfc(-value * 0.70710678f);
  const vec phi = load(lane);
  return {x * phi, phi + x * 0.3989422804f * exp_lanes(x * x * -0.5f)};
}

inline Value relu(vec x) {
  const lane_mask positive = less(zero(), x);
  // A NaN stays one.
  return {maximum(zero(), x), select(positive, broadcast(1.0f), zero())};
}

template <class Function>
void forward(const ActivationArgs& args, std::size_t begin, std::size_t end, const Function& function) {
  for_vectors(static_cast<long>(end - begin), [&](long at, auto mask) {
    const std::size_t i = begin + static_cast<std::size_t>(at);
    vec y = function(load(args.x + i, mask)).y;
    if (args.up != nullptr) y *= load(args.up + i, mask);
    store(args.y + i, y, mask);
  });
}

template <class Function>
void backward(const ActivationBackwardArgs& args, std::size_t begin, std::size_t end, const Function& function) {
  for_vectors(static_cast<long>(end - begin), [&](long at, auto mask) {
    const std::size_t i = begin + static_cast<std::size_t>(at);
    const Value value = function(load(args.x + i, mask));
    vec grad = load(args.grad_y + i, mask);
    if (args.up != nullptr) {
      const vec up = load(args.up + i, mask);
      store(args.grad_up + i, grad * value.y, mask);
      grad *= up;
    }
    store(args.grad_x + i, grad * value.slope, mask);
  });
}

// Calls body(function) with the function for `activation`.
template <class Body>
void with_function(Activation activation, const Body& body) {
  switch (activation) {
    case Activation::kSilu: return body([](vec x) { return silu(x); });
    case Activation::kGeluTanh: return body([](vec x) { return gelu_tanh(x); });
    case Activation::kGeluExact: return body([](vec x) { return gelu_exact(x); });
    case Activation::kRelu: return body([](vec x) { return relu(x); });
  }
}

}  // namespace

void activation_forward_cpu(Context& context, const ActivationArgs& args) {
  context.pool().for_blocks(static_cast<std::size_t>(args.n), kBlock, [&](std::size_t begin, std::size_t end, int) {
    with_function(args.activation, [&](const auto& function) { forward(args, begin, end, function); });
  });
}

void activation_backward_cpu(Context& context, const ActivationBackwardArgs& args) {
  context.pool().for_blocks(static_cast<std::size_t>(args.n), kBlock, [&](std::size_t begin, std::size_t end, int) {
    with_function(args.activation, [&](const auto& function) { backward(args, begin, end, function); });
  });
}

}  // namespace matinee
