// A warp or a block per row, which stays in registers between the sum and the product. Bound by memory: 8 bytes per
// element forward, 12 backward, 16 if grad_x accumulates; the weights come from the cache. Share of the bandwidth: not
// measured.
//
// For grad_weight, a lane sums its columns over the rows of its warp or block; add_parts() adds these parts, a few
// hundred, in order.

#include "kernels/context.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

template <class Shape>
__global__ void __launch_bounds__(Shape::kThreads) forward_kernel(RmsNormArgs args, bool vector) {
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
    sum = dot4(kept[v], kept[v], sum);
  });
  Shape::each_other(lane, width, [&](int i) {
    const float4 value = load4(x, i, width, vector);
    sum = dot4(value, value, sum);
  });
  sum = row_sum<Shape>(sum, room);
  const float rstd = 1.0f / sqrtf(sum / static_cast<float>(width) + args.eps);
  const auto write = [&](int i, float4 value) {
    const float4 weight = load4(args.weight, i, width, vector);
    store4(y, i, width, mul4(mul4(value, all4(rstd)), weight), vector);
  };
  Shape::each_kept(lane, [&](int v, int i) { write(i, kept[v]); });
  Shape::each_other(lane, width, [&](int i) { write(i, load4(x, i, width, vector)); });
  if (args.rstd != nullptr && lane == 0) args.rstd[row] = rstd;
}

// With kParts, overwrites parts [gridDim.x·kRows, width] with sums over the rows of each warp or block.
template <class Shape, bool kParts>
__global__ void __launch_bounds__(Shape::kThreads)
    backward_kernel(RmsNormBackwardArgs args, float* parts, bool vector) {
  __shared__ float room[32];
  const int width = static_cast<int>(args.width), lane = static_cast<int>(threadIdx.x) % Shape::kLanes;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * Shape::kRows + threadIdx.x / Shape::kLanes;
  float* part = kParts ? parts + first * args.width : nullptr;
  float4 sums[kParts ? Shape::kVectors : 1] = {};
  bool any = false;
  // All lanes of a row take the same turns, so the whole block reaches the barriers in row_sum().
  for (std::int64_t row = first; row < args.n_rows; row += static_cast<std::int64_t>(gridDim.x) * Shape::kRows) {
    const float* x = args.x + row * args.width;
    const float* grad_y = args.grad_y + row * args.width;
    float* grad_x = args.grad_x + row * args.width;
    const float rstd = args.rstd[row];
    const auto weight = [&](int i) { return load4(args.weight, i, width, vector); };
    float4 kept_x[Shape::kVectors], kept_grad[Shape::kVectors];
    float dot = 0;
    Shape::each_kept(lane, [&](int v, int i) {
      kept_x[v] = load4(x, i, width, vector);
      kept_grad[v] = load4(grad_y, i, width, vector);
      dot = dot4(mul4(kept_grad[v], weight(i)), kept_x[v], dot);
    });
    Shape::each_other(lane, width, [&](int i) {
      dot = dot4(mul4(load4(grad_y, i, width, vector), weight(i)), load4(x, i, width, vector), dot);
    });
    dot = row_sum<Shape>(dot, room);
    const float slope = -rstd * rstd * rstd * dot / static_cast<float>(width);
    const auto write = [&](int i, float4 value, float4 grad) {
      float4 result = fma4(value, all4(slope), mul4(mul4(grad, weight(i)), all4(rstd)));
      if (args.accumulate) result = add4(result, load4(grad_x, i, width, vector));
      store4(grad_x, i, width, result, vector);
    };
    Shape::each_kept(lane, [&](int v, int i) {
      write(i, kept_x[v], kept_grad[v]);
      if constexpr (kParts) sums[v] = fma4(mul4(kept_grad[v], all4(rstd)), kept_x[v], sums[v]);
    });
    Shape::each_other(lane, width, [&](int i) {
      const float4 value = load4(x, i, width, vector), grad = load4(grad_y, i, width, vector);
      write(i, value, grad);
      if constexpr (kParts) {
        const float4 before = any ? load4(part, i, width, vector) : all4(0);
        store4(part, i, width, fma4(mul4(grad, all4(rstd)), value, before), vector);
      }
    });
    any = true;
  }
  if constexpr (kParts) {
    Shape::each_kept(lane, [&](int v, int i) { store4(part, i, width, sums[v], vector); });
    if (any) return;
    Shape::each_other(lane, width, [&](int i) { store4(part, i, width, all4(0), vector); });
  }
}

}  // namespace

void rms_norm_forward_cuda(Context& context, const RmsNormArgs& args) {
  const bool vector = rows_on_16_bytes(args.width, args.x, args.weight, args.y);
  with_row_shape(args.width, [&](auto shape) {
    using Shape = decltype(shape);
    launch(queue_of(context), forward_kernel<Shape>, static_cast<unsigned>(blocks_for(args.n_rows, Shape::kRows)),
           Shape::kThreads, 0, args, vector);
  });
}

void rms_norm_backward_cuda(Context& context, const RmsNormBackwardArgs& args) {
  const CudaQueue& queue = queue_of(context);
  const bool vector = rows_on_16_bytes(args.width, args.grad_y, args.x, args.weight, args.grad_x);
  with_row_shape(args.width, [&](auto shape) {
    using Shape = decltype(shape);
    const std::int64_t blocks = blocks_for(args.n_rows, Shape::kRows);
    if (args.grad_weight == nullptr) {
      launch(queue, backward_kernel<Shape, false>, static_cast<unsigned>(blocks), Shape::kThreads, 0, args, nullptr,
             vector);
      return;
    }
    const std::int64_t some = blocks_with_parts(queue, blocks), n_parts = some * Shape::kRows;
    const ScratchScope scope(context.scratch());
    auto* parts = context.scratch().take_array<float>(static_cast<std::size_t>(n_parts * args.width));
    launch(queue, backward_kernel<Shape, true>, static_cast<unsigned>(some), Shape::kThreads, 0, args, parts, vector);
    add_parts(queue, parts, n_parts, args.width, args.grad_weight);
  });
}

}  // namespace matinee
