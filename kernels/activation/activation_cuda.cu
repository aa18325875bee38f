// A thread has four consecutive elements at a time. Bound by memory: 8 bytes per element forward, 12 with a gate; 12
// and 20 backward. The accurate exponentials of the library take about 20 instructions per element, which the memory's
// time hides. Share of the bandwidth: not measured.

#include "kernels/cuda/rows.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr int kThreads = 256;

struct Value {
  float y, slope;  // act(x) and its derivative
};

__device__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

template <Activation kActivation>
__device__ Value value_of(float x) {
  if constexpr (kActivation == Activation::kSilu) {
    const float s = sigmoid(x), y = x * s;
    return {y, fmaf(y, 1.0f - s, s)};
  } else if constexpr (kActivation == Activation::kGeluTanh) {
    // tanh(u) = 2·sigmoid(2u) - 1, so 0.5·x·(1 + tanh(u)) = x·sigmoid(2u).
    const float k = 2 * 0.7978845608f, c = 0.044715f;
    const float square = x * x, s = sigmoid(k * fmaf(c * x, square, x)), y = x * s;
    return {y, fmaf(y * (1.0f - s), k * fmaf(3 * c, square, 1.0f), s)};
  } else if constexpr (kActivation == Activation::kGeluExact) {
    const float phi = 0.5f * erfcf(x * -0.70710678f);
    return {x * phi, fmaf(x * 0.3989422804f, expf(x * x * -0.5f), phi)};
  } else {
    // NaN stays NaN.
    return {x < 0.0f ? 0.0f : x, x > 0.0f ? 1.0f : 0.0f};
  }
}

template <Activation kActivation>
__device__ float4 values_of(float4 x) {
  return make_float4(value_of<kActivation>(x.x).y, value_of<kActivation>(x.y).y, value_of<kActivation>(x.z).y,
                     value_of<kActivation>(x.w).y);
}

template <Activation kActivation>
__global__ void __launch_bounds__(kThreads) forward_kernel(ActivationArgs args, bool vector) {
  const std::int64_t step = 4 * static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = 4 * (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x); i < args.n; i += step) {
    float4 y = values_of<kActivation>(load4(args.x, i, args.n, vector));
    if (args.up != nullptr) y = mul4(y, load4(args.up, i, args.n, vector));
    store4(args.y, i, args.n, y, vector);
  }
}

// Outputs may alias inputs, so a thread reads all of its elements before it writes any.
template <Activation kActivation>
__global__ void __launch_bounds__(kThreads) backward_kernel(ActivationBackwardArgs args, bool vector) {
  const std::int64_t step = 4 * static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = 4 * (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x); i < args.n; i += step) {
    const float4 x = load4(args.x, i, args.n, vector), grad = load4(args.grad_y, i, args.n, vector);
    const float4 up = args.up == nullptr ? all4(1) : load4(args.up, i, args.n, vector);
    const Value v0 = value_of<kActivation>(x.x), v1 = value_of<kActivation>(x.y);
    const Value v2 = value_of<kActivation>(x.z), v3 = value_of<kActivation>(x.w);
    if (args.grad_up != nullptr) {
      store4(args.grad_up, i, args.n, mul4(grad, make_float4(v0.y, v1.y, v2.y, v3.y)), vector);
    }
    store4(args.grad_x, i, args.n, mul4(mul4(grad, up), make_float4(v0.slope, v1.slope, v2.slope, v3.slope)), vector);
  }
}

// The kernel for an activation that is known at run time.
auto forward_kernel_of(Activation activation) {
  switch (activation) {
    case Activation::kSilu: return forward_kernel<Activation::kSilu>;
    case Activation::kGeluTanh: return forward_kernel<Activation::kGeluTanh>;
    case Activation::kGeluExact: return forward_kernel<Activation::kGeluExact>;
    case Activation::kRelu: break;
  }
  return forward_kernel<Activation::kRelu>;
}
auto backward_kernel_of(Activation activation) {
  switch (activation) {
    case Activation::kSilu: return backward_kernel<Activation::kSilu>;
    case Activation::kGeluTanh: return backward_kernel<Activation::kGeluTanh>;
    case Activation::kGeluExact: return backward_kernel<Activation::kGeluExact>;
    case Activation::kRelu: break;
  }
  return backward_kernel<Activation::kRelu>;
}

}  // namespace

void activation_forward_cuda(Context& context, const ActivationArgs& args) {
  const CudaQueue& queue = queue_of(context);
  const bool vector = rows_on_16_bytes(args.n, args.x, args.up, args.y);
  launch(queue, forward_kernel_of(args.activation), queue.grid_for(blocks_for(args.n, 4), kThreads), kThreads, 0, args,
         vector);
}

void activation_backward_cuda(Context& context, const ActivationBackwardArgs& args) {
  const CudaQueue& queue = queue_of(context);
  const bool vector = rows_on_16_bytes(args.n, args.grad_y, args.x, args.up, args.grad_x, args.grad_up);
  launch(queue, backward_kernel_of(args.activation), queue.grid_for(blocks_for(args.n, 4), kThreads), kThreads, 0, args,
         vector);
}

}  // namespace matinee
