// As in rms_norm_cuda.cu, a warp or a block per row, which stays in registers, so the second sum, about the mean, does
// not read it again. Bound by memory: 8 bytes per element forward, 12 backward, 16 if grad_x accumulates. The
// parameters' gradients are summed in parts, which are added in order. Share of the bandwidth: not measured.

#include "kernels/context.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

__device__ float sum4(float4 a, float sum) { return sum + ((a.x + a.y) + (a.z + a.w)); }

// value - mean, and 0 past the width.
__device__ float4 centered(float4 value, float mean, int at, int width) {
  return make_float4(at < width ? value.x - mean : 0.0f, at + 1 < width ? value.y - mean : 0.0f,
                     at + 2 < width ? value.z - mean : 0.0f, at + 3 < width ? value.w - mean : 0.0f);
}

template <class Shape>
__global__ void __launch_bounds__(Shape::kThreads) forward_kernel(LayerNormArgs args, bool vector) {
  __shared__ float room[32];
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * Shape::kRows + threadIdx.x / Shape::kLanes;
  if (row >= args.n_rows) return;  // only whole warps return; a block per row always has one
  const int width = static_cast<int>(args.width), lane = static_cast<int>(threadIdx.x) % Shape::kLanes;
  const float* x = args.x + row * args.width;
  float* y = args.y + row * args.width;
  float4 kept[Shape::kVectors];
  float sum = 0;
  Shape::each_kept(lane, [&](int v, int i) {
    kept[v] = load4(x, i, width, vector);
    sum = sum4(kept[v], sum);
  });
  Shape::each_other(lane, width, [&](int i) { sum = sum4(load4(x, i, width, vector), sum); });
  const float mean = row_sum<Shape>(sum, room) / static_cast<float>(width);
  float squares = 0;
  Shape::each_kept(lane, [&](int v, int i) {
    kept[v] = centered(kept[v], mean, i, width);
    squares = dot4(kept[v], kept[v], squares);
  });
  Shape::each_other(lane, width, [&](int i) {
    const float4 value = centered(load4(x, i, width, vector), mean, i, width);
    squares = dot4(value, value, squares);
  });
  squares = row_sum<Shape>(squares, room);
  const float rstd = 1.0f / sqrtf(squares / static_cast<float>(width) + args.eps);
  const auto write = [&](int i, float4 value) {
    const float4 bias = args.bias == nullptr ? all4(0) : load4(args.bias, i, width, vector);
    store4(y, i, width, fma4(mul4(value, all4(rstd)), load4(args.weight, i, width, vector), bias), vector);
  };
  Shape::each_kept(lane, [&](int v, int i) { write(i, kept[v]); });
  Shape::each_other(lane, width, [&](int i) { write(i, centered(load4(x, i, width, vector), mean, i, width)); });
  if (lane == 0) {
    if (args.mean != nullptr) args.mean[row] = mean;
    if (args.rstd != nullptr) args.rstd[row] = rstd;
  }
}

// With n = (x - mean)·rstd and g = grad_y·weight: grad_x = rstd·(g - mean(g) - n·mean(g·n)). With kParts, overwrites
// weight_parts and bias_parts [gridDim.x·kRows, width] with sums over the rows of each warp or block.
template <class Shape, bool kParts>
__global__ void __launch_bounds__(Shape::kThreads)
    backward_kernel(LayerNormBackwardArgs args, float* weight_parts, float* bias_parts, bool vector) {
  __shared__ float room[32];
  const int width = static_cast<int>(args.width), lane = static_cast<int>(threadIdx.x) % Shape::kLanes;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * Shape::kRows + threadIdx.x / Shape::kLanes;
  float* weight_part = kParts ? weight_parts + first * args.width : nullptr;
  float* bias_part = kParts ? bias_parts + first * args.width : nullptr;
  float4 weight_sums[kParts ? Shape::kVectors : 1] = {}, bias_sums[kParts ? Shape::kVectors : 1] = {};
  bool any = false;
  // All lanes of a row take the same turns, so the whole block reaches the barriers in row_sum().
  for (std::int64_t row = first; row < args.n_rows; row += static_cast<std::int64_t>(gridDim.x) * Shape::kRows) {
    const float* x = args.x + row * args.width;
    const float* grad_y = args.grad_y + row * args.width;
    float* grad_x = args.grad_x + row * args.width;
    const float mean = args.mean[row], rstd = args.rstd[row];
    // n and grad_y.
    float4 kept_n[Shape::kVectors], kept_grad[Shape::kVectors];
    float sum_g = 0, sum_gn = 0;
    const auto normalized = [&](int i) {
      return mul4(centered(load4(x, i, width, vector), mean, i, width), all4(rstd));
    };
    const auto add_to_sums = [&](int i, float4 n, float4 grad) {
      const float4 g = mul4(grad, load4(args.weight, i, width, vector));
      sum_g = sum4(g, sum_g);
      sum_gn = dot4(g, n, sum_gn);
    };
    Shape::each_kept(lane, [&](int v, int i) {
      kept_n[v] = normalized(i);
      kept_grad[v] = load4(grad_y, i, width, vector);
      add_to_sums(i, kept_n[v], kept_grad[v]);
    });
    Shape::each_other(lane, width, [&](int i) { add_to_sums(i, normalized(i), load4(grad_y, i, width, vector)); });
    const float mean_g = row_sum<Shape>(sum_g, room) / static_cast<float>(width);
    const float mean_gn = row_sum<Shape>(sum_gn, room) / static_cast<float>(width);
    const auto write = [&](int i, float4 n, float4 grad) {
      const float4 g = mul4(grad, load4(args.weight, i, width, vector));
      float4 result = mul4(fma4(n, all4(-mean_gn), add4(g, all4(-mean_g))), all4(rstd));
      if (args.accumulate) result = add4(result, load4(grad_x, i, width, vector));
      store4(grad_x, i, width, result, vector);
    };
    Shape::each_kept(lane, [&](int v, int i) {
      write(i, kept_n[v], kept_grad[v]);
      if constexpr (kParts) {
        weight_sums[v] = fma4(kept_grad[v], kept_n[v], weight_sums[v]);
        bias_sums[v] = add4(kept_grad[v], bias_sums[v]);
      }
    });
    Shape::each_other(lane, width, [&](int i) {
      const float4 n = normalized(i), grad = load4(grad_y, i, width, vector);
      write(i, n, grad);
      if constexpr (kParts) {
        const float4 weight_before = any ? load4(weight_part, i, width, vector) : all4(0);
        const float4 bias_before = any ? load4(bias_part, i, width, vector) : all4(0);
        store4(weight_part, i, width, fma4(grad, n, weight_before), vector);
        store4(bias_part, i, width, add4(grad, bias_before), vector);
      }
    });
    any = true;
  }
  if constexpr (kParts) {
    Shape::each_kept(lane, [&](int v, int i) {
      store4(weight_part, i, width, weight_sums[v], vector);
      store4(bias_part, i, width, bias_sums[v], vector);
    });
    if (any) return;
    Shape::each_other(lane, width, [&](int i) {
      store4(weight_part, i, width, all4(0), vector);
      store4(bias_part, i, width, all4(0), vector);
    });
  }
}

}  // namespace

void layer_norm_forward_cuda(Context& context, const LayerNormArgs& args) {
  const bool vector = rows_on_16_bytes(args.width, args.x, args.weight, args.bias, args.y);
  with_row_shape(args.width, [&](auto shape) {
    using Shape = decltype(shape);
    launch(queue_of(context), forward_kernel<Shape>, static_cast<unsigned>(blocks_for(args.n_rows, Shape::kRows)),
           Shape::kThreads, 0, args, vector);
  });
}

void layer_norm_backward_cuda(Context& context, const LayerNormBackwardArgs& args) {
  const CudaQueue& queue = queue_of(context);
  const bool vector = rows_on_16_bytes(args.width, args.grad_y, args.x, args.weight, args.grad_x);
  with_row_shape(args.width, [&](auto shape) {
    using Shape = decltype(shape);
    const std::int64_t blocks = blocks_for(args.n_rows, Shape::kRows);
    if (args.grad_weight == nullptr && args.grad_bias == nullptr) {
      launch(queue, backward_kernel<Shape, false>, static_cast<unsigned>(blocks), Shape::kThreads, 0, args, nullptr,
             nullptr, vector);
      return;
    }
    const std::int64_t some = blocks_with_parts(queue, blocks), n_parts = some * Shape::kRows;
    const auto floats = static_cast<std::size_t>(n_parts * args.width);
    const ScratchScope scope(context.scratch());
    auto* weight_parts = context.scratch().take_array<float>(floats);
    auto* bias_parts = context.scratch().take_array<float>(floats);
    launch(queue, backward_kernel<Shape, true>, static_cast<unsigned>(some), Shape::kThreads, 0, args, weight_parts,
           bias_parts, vector);
    if (args.grad_weight != nullptr) add_parts(queue, weight_parts, n_parts, args.width, args.grad_weight);
    if (args.grad_bias != nullptr) add_parts(queue, bias_parts, n_parts, args.width, args.grad_bias);
  });
}

}  // namespace matinee
