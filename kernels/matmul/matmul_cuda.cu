// Products by cuBLASLt, bound by tensor cores. The factors are converted to its format, each read and written once: x
// is rounded to bfloat16, and weights are widened or rounded a slab at a time, which bounds the scratch memory for any
// matrix. int8 weights stay codes, which bfloat16 represents exactly; their scales multiply the columns of the product,
// as on the CPU, or backwards those of grad_y before it is rounded. Up to four rows go to gemv_cuda.cu. For the
// gradient of a bias, a block of column_sums_kernel sums 64 rows of 256 columns, and add_parts() adds these sums in
// order. Speed: not measured.

#include <algorithm>

#include "kernels/context.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda/vector_access.h"
#include "kernels/cuda_ops.h"
#include "kernels/matmul/gemv_cuda.h"
#include "kernels/quantize/widen_cuda.h"
#include "kernels/round_bf16/round_bf16.h"

namespace matinee {
namespace {

constexpr int kThreads = 256;
// Weights that are converted at a time: 256 MB of bfloat16, so most layers are one slab.
constexpr std::int64_t kSlab = std::int64_t{1} << 27;
constexpr std::int64_t kSumRows = 64;

// Columns [0, width) of y, whose rows are `out` long: = or += factors·product + bias; a null bias or product is 0. A
// thread has four columns of every gridDim.y-th row, so it reads their factors and biases once.
__global__ void __launch_bounds__(kThreads)
    finish_kernel(std::int64_t n_rows, std::int64_t width, std::int64_t out, const float* __restrict__ product,
                  const float* __restrict__ factors, const float* __restrict__ bias, float* __restrict__ y,
                  bool accumulate, bool product_aligned, bool y_aligned) {
  const std::int64_t column = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * 4;
  const std::int64_t left = width - column;
  if (left <= 0) return;
  float factor[4], start[4];
  load_four(factor, factors + column, product == nullptr ? 0 : left, false);
  load_four(start, bias + column, bias == nullptr ? 0 : left, false);
  for (std::int64_t row = blockIdx.y; row < n_rows; row += gridDim.y) {
    float* to = y + row * out + column;
    float result[4], value[4];
    load_four(result, to, accumulate ? left : 0, y_aligned);
    load_four(value, product + row * width + column, product == nullptr ? 0 : left, product_aligned);
#pragma unroll
    for (int k = 0; k < 4; ++k) result[k] = result[k] + start[k] + factor[k] * value[k];
    store_four(to, result, left, y_aligned);
  }
}

__global__ void __launch_bounds__(kThreads)
    column_sums_kernel(std::int64_t n_rows, std::int64_t out, const float* __restrict__ x, float* __restrict__ parts) {
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (column >= out) return;
  for (std::int64_t part = blockIdx.y; part * kSumRows < n_rows; part += gridDim.y) {
    const std::int64_t end = (part + 1) * kSumRows < n_rows ? (part + 1) * kSumRows : n_rows;
    float sum = 0;
#pragma unroll 8
    for (std::int64_t row = part * kSumRows; row < end; ++row) sum += x[row * out + column];
    parts[part * out + column] = sum;
  }
}

std::int64_t rows_of_slab(std::int64_t width) { return std::max<std::int64_t>(1, kSlab / width); }

// Rows of a weight in the product's format: in place if they have it, else a copy in scratch memory, which the next
// rows overwrite.
class WeightRows {
 public:
  WeightRows(Context& context, const WeightView& weight, std::int64_t rows, std::int64_t width,
             MatmulPrecision precision)
      : queue_(queue_of(context)),
        weight_(weight),
        width_(width),
        bf16_(precision == MatmulPrecision::kBF16),
        in_place_(weight.format == (bf16_ ? WeightFormat::kBF16 : WeightFormat::kF32)),
        at_once_(in_place_ ? rows : std::min(rows, rows_of_slab(width))) {
    if (in_place_) return;
    copy_ = context.scratch().take(static_cast<std::size_t>(at_once_ * width) * (bf16_ ? 2 : 4));
  }

  /// The most rows of one product.
  std::int64_t at_once() const { return at_once_; }
  const void* rows_from(std::int64_t row, std::int64_t n_rows) {
    if (in_place_) return matinee::rows_from(weight_, row, width_).data;
    if (bf16_) {
      weight_to_bf16(queue_, weight_, width_, row * width_, n_rows * width_, static_cast<std::uint16_t*>(copy_));
    } else {
      widen_weight(queue_, weight_, width_, row * width_, n_rows * width_, static_cast<float*>(copy_));
    }
    return copy_;
  }

 private:
  const CudaQueue& queue_;
  WeightView weight_;
  std::int64_t width_;
  bool bf16_, in_place_;
  std::int64_t at_once_;
  void* copy_ = nullptr;
};

// x in the format of the product, multiplied by column_scales [width] unless null.
const void* factor(Context& context, const float* x, std::int64_t n, MatmulPrecision precision,
                   const float* column_scales = nullptr, std::int64_t width = 0) {
  if (precision == MatmulPrecision::kF32) return x;
  auto* rounded = context.scratch().take_array<std::uint16_t>(static_cast<std::size_t>(n));
  rows_to_bf16(queue_of(context), x, n, column_scales, width, rounded);
  return rounded;
}

// Rows of x in that format, `ld` elements apart; x_bf16 if the caller has rounded them already.
struct Rows {
  const void* data;
  std::int64_t ld;
};
Rows rows_of_x(Context& context, const float* x, const bf16* x_bf16, std::int64_t n_rows, std::int64_t in,
               MatmulPrecision precision) {
  if (precision == MatmulPrecision::kBF16 && x_bf16 != nullptr) return {x_bf16, bf16_stride(in)};
  return {factor(context, x, n_rows * in, precision), in};
}

struct Finish {
  std::int64_t n_rows, width, out;
  const float* product = nullptr;
  const float* factors = nullptr;
  const float* bias = nullptr;
  float* y = nullptr;
  bool accumulate = false;
};
void finish(const CudaQueue& queue, const Finish& f) {
  const std::int64_t across = blocks_for(f.width, 4 * kThreads);
  const std::int64_t down = blocks_for(queue.grid_for(blocks_for(f.n_rows * f.width, 4), kThreads), across);
  launch(queue, finish_kernel,
         dim3(static_cast<unsigned>(across), static_cast<unsigned>(std::min({down, f.n_rows, std::int64_t{65535}}))),
         kThreads, 0, f.n_rows, f.width, f.out, f.product, f.factors, f.bias, f.y, f.accumulate,
         rows_aligned(f.product, f.width, 4, 16), rows_aligned(f.y, f.out, 4, 16));
}

}  // namespace

void matmul_forward_cuda(Context& context, const MatmulArgs& args) {
  const CudaQueue& queue = queue_of(context);
  if (args.in > 0 && args.n_rows <= kGemvRows) return gemv(queue, args);
  const bool bf16 = args.precision == MatmulPrecision::kBF16;
  const bool scale_columns = bf16 && args.weight.format == WeightFormat::kInt8 && args.in > 0;
  if (!scale_columns && (args.bias != nullptr || (args.in == 0 && !args.accumulate))) {
    finish(queue, {.n_rows = args.n_rows,
                   .width = args.out,
                   .out = args.out,
                   .bias = args.bias,
                   .y = args.y,
                   .accumulate = args.accumulate});
  }
  if (args.in == 0) return;
  const ScratchScope scope(context.scratch());
  const Rows x = rows_of_x(context, args.x, args.x_bf16, args.n_rows, args.in, args.precision);
  WeightRows weight(context, args.weight, args.out, args.in, args.precision);
  float* product = scale_columns
                       ? context.scratch().take_array<float>(static_cast<std::size_t>(args.n_rows * weight.at_once()))
                       : nullptr;
  for (std::int64_t first = 0; first < args.out; first += weight.at_once()) {
    const std::int64_t width = std::min(weight.at_once(), args.out - first);
    queue.cublas().run(queue.stream(),
                       {.rows = args.n_rows,
                        .columns = width,
                        .inner = args.in,
                        .a = x.data,
                        .b = weight.rows_from(first, width),
                        .c = scale_columns ? product : args.y + first,
                        .transpose_b = true,
                        .bf16 = bf16,
                        .beta = !scale_columns && (args.accumulate || args.bias != nullptr) ? 1.0f : 0.0f,
                        .lda = x.ld,
                        .ldc = scale_columns ? width : args.out});
    if (!scale_columns) continue;
    finish(queue, {.n_rows = args.n_rows,
                   .width = width,
                   .out = args.out,
                   .product = product,
                   .factors = args.weight.row_scales + first,
                   .bias = args.bias == nullptr ? nullptr : args.bias + first,
                   .y = args.y + first,
                   .accumulate = args.accumulate});
  }
}

void matmul_backward_input_cuda(Context& context, const MatmulBackwardInputArgs& args) {
  const CudaQueue& queue = queue_of(context);
  if (args.out == 0) {
    if (!args.accumulate) context.allocator()->zero(args.grad_x, static_cast<std::size_t>(args.n_rows * args.in) * 4);
    return;
  }
  const ScratchScope scope(context.scratch());
  const bool bf16 = args.precision == MatmulPrecision::kBF16, scale = bf16 && args.weight.format == WeightFormat::kInt8;
  const auto* grad_y =
      static_cast<const std::byte*>(factor(context, args.grad_y, args.n_rows * args.out, args.precision,
                                           scale ? args.weight.row_scales : nullptr, args.out));
  WeightRows weight(context, args.weight, args.out, args.in, args.precision);
  // Slabs along the sum.
  for (std::int64_t first = 0; first < args.out; first += weight.at_once()) {
    const std::int64_t depth = std::min(weight.at_once(), args.out - first);
    queue.cublas().run(queue.stream(), {.rows = args.n_rows,
                                        .columns = args.in,
                                        .inner = depth,
                                        .a = grad_y + first * (bf16 ? 2 : 4),
                                        .b = weight.rows_from(first, depth),
                                        .c = args.grad_x,
                                        .bf16 = bf16,
                                        .beta = args.accumulate || first > 0 ? 1.0f : 0.0f,
                                        .lda = args.out});
  }
}

void matmul_backward_weight_cuda(Context& context, const MatmulBackwardWeightArgs& args) {
  const CudaQueue& queue = queue_of(context);
  const ScratchScope scope(context.scratch());
  if (args.grad_bias != nullptr) {
    const std::int64_t n_parts = blocks_for(args.n_rows, kSumRows);
    auto* parts = context.scratch().take_array<float>(static_cast<std::size_t>(n_parts * args.out));
    const auto across = static_cast<unsigned>(blocks_for(args.out, kThreads));
    launch(queue, column_sums_kernel, dim3(across, static_cast<unsigned>(std::min<std::int64_t>(n_parts, 65535))),
           kThreads, 0, args.n_rows, args.out, args.grad_y, parts);
    add_parts(queue, parts, n_parts, args.out, args.grad_bias);
  }
  if (args.in == 0) return;
  const Rows x = rows_of_x(context, args.x, args.x_bf16, args.n_rows, args.in, args.precision);
  queue.cublas().run(queue.stream(), {.rows = args.out,
                                      .columns = args.in,
                                      .inner = args.n_rows,
                                      .a = factor(context, args.grad_y, args.n_rows * args.out, args.precision),
                                      .b = x.data,
                                      .c = args.grad_weight,
                                      .transpose_a = true,
                                      .bf16 = args.precision == MatmulPrecision::kBF16,
                                      .beta = 1,
                                      .ldb = x.ld});
}

}  // namespace matinee
