// dora_norms dequantizes W a few rows at a time and has a block per row; scale_kernel has an element per thread of its
// grid stride, backward_kernel a column per thread. All are bound by memory: the norms read W once, in its own format;
// scaling moves 8 bytes per element (12 if y accumulates), backward 12 (16 with `through`).

#include "kernels/context.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr int kThreads = 256;
// Elements of W that are dequantized at a time.
constexpr std::int64_t kPiece = 16 << 20;
// Rows of a partial sum of grad_magnitude.
constexpr std::int64_t kRowsOfPart = 64;

// A block per row of W.
__global__ void norms_kernel(std::int64_t in, std::int64_t rank, const float* __restrict__ w,
                             const float* __restrict__ a, const float* __restrict__ b, float scaling,
                             float* __restrict__ norms) {
  __shared__ double room[kThreads / kWarpSize];
  const std::int64_t o = blockIdx.x;
  double squares = 0;
  for (std::int64_t i = threadIdx.x; i < in; i += kThreads) {
    float value = w[o * in + i];
    for (std::int64_t r = 0; r < rank; ++r) value += scaling * b[o * rank + r] * a[r * in + i];
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const double sum = block_sum<kThreads>(squares, room);
  if (threadIdx.x == 0) norms[o] = static_cast<float>(sqrt(sum));
}

__global__ void scale_kernel(std::int64_t n, std::int64_t out, const float* z, const float* __restrict__ magnitude,
                             const float* __restrict__ norms, const float* __restrict__ bias, float* y,
                             bool accumulate) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < n; i += step) {
    const std::int64_t o = i % out;
    const float value = magnitude[o] / norms[o] * z[i] + (bias == nullptr ? 0.0f : bias[o]);
    y[i] = accumulate ? y[i] + value : value;
  }
}

// blockIdx.y is the part of the rows. Writes the gradient of z, and the partial sums to parts [n_parts, out].
__global__ void backward_kernel(std::int64_t n_rows, std::int64_t out, const float* __restrict__ grad_y,
                                const float* __restrict__ z, const float* __restrict__ magnitude,
                                const float* __restrict__ norms, float* __restrict__ grad_z,
                                float* __restrict__ through, float* __restrict__ parts) {
  const std::int64_t o = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (o >= out) return;
  const float factor = magnitude[o] / norms[o];
  for (std::int64_t part = blockIdx.y; part * kRowsOfPart < n_rows; part += gridDim.y) {
    const std::int64_t end = (part + 1) * kRowsOfPart < n_rows ? (part + 1) * kRowsOfPart : n_rows;
    float sum = 0;
    for (std::int64_t row = part * kRowsOfPart; row < end; ++row) {
      const std::int64_t i = row * out + o;
      const float given = grad_y[i], value = factor * given;
      grad_z[i] = value;
      if (through != nullptr) through[i] = value - given;
      sum += given * z[i] / norms[o];
    }
    parts[part * out + o] = sum;
  }
}

}  // namespace

void dora_norms_cuda(Context& context, const DoraNormsArgs& args) {
  const ScratchScope scope(context.scratch());
  const std::int64_t in = args.in > 0 ? args.in : 1;
  const std::int64_t piece = kPiece / in < args.out ? (kPiece / in > 0 ? kPiece / in : 1) : args.out;
  float* w = context.scratch().take_array<float>(static_cast<std::size_t>(piece * in));
  for (std::int64_t first = 0; first < args.out; first += piece) {
    const std::int64_t n = args.out - first < piece ? args.out - first : piece;
    dequantize(context, {.first = first * args.in, .n = n * args.in, .width = args.in, .weight = args.weight, .y = w});
    launch(queue_of(context), norms_kernel, static_cast<unsigned>(n), kThreads, 0, args.in, args.rank, w, args.lora_A,
           args.lora_B + first * args.rank, args.scaling, args.norms + first);
  }
}

void dora_scale_cuda(Context& context, const DoraScaleArgs& args) {
  const CudaQueue& queue = queue_of(context);
  const std::int64_t n = args.n_rows * args.out;
  launch(queue, scale_kernel, queue.grid_for(n, kThreads), kThreads, 0, n, args.out, args.z, args.magnitude, args.norms,
         args.bias, args.y, args.accumulate);
}

void dora_backward_cuda(Context& context, const DoraBackwardArgs& args) {
  const ScratchScope scope(context.scratch());
  const std::int64_t n_parts = blocks_for(args.n_rows, kRowsOfPart);
  float* parts = context.scratch().take_array<float>(static_cast<std::size_t>(n_parts * args.out));
  const auto columns = static_cast<unsigned>(blocks_for(args.out, kThreads));
  launch(queue_of(context), backward_kernel, dim3(columns, static_cast<unsigned>(n_parts < 65535 ? n_parts : 65535)),
         kThreads, 0, args.n_rows, args.out, args.grad_y, args.z, args.magnitude, args.norms, args.grad_z, args.through,
         parts);
  add_parts(queue_of(context), parts, n_parts, args.out, args.grad_magnitude);
}

}  // namespace matinee
