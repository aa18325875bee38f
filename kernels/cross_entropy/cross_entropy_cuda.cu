// A block has one row. It reads the row once for maximum and sum together (a thread rescales its sum whenever its
// maximum rises), and again to write the gradient. Bound by memory. With two blocks of 1,024 threads per multiprocessor
// the rows in flight, 34 MB at 32,000 logits, are still in the second-level cache of an H100 for the second reading, so
// 8 of 12 bytes per element go through memory. Rows of an odd vocabulary (GPT-2's 50,257) are not aligned, so accesses
// have 4 bytes, with eight per thread in flight. Speed: not measured.

#include <cfloat>

#include "kernels/context.h"
#include "kernels/cuda/warp.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr int kAtOnce = 8;
constexpr int kFewThreads = 256, kManyThreads = 1024;
constexpr std::int64_t kSmallVocab = 8192;
constexpr int kSumThreads = 256;

struct RowResult {
  double loss;
  int correct;
};

template <int kThreads>
__global__ void __launch_bounds__(kThreads, 2048 / kThreads)
    row_kernel(int vocab, float* __restrict__ all_logits, const std::int32_t* __restrict__ targets, bool with_gradient,
               float grad_scale, float inverse_cap, RowResult* __restrict__ results) {
  __shared__ float room[kThreads / kWarpSize];
  const std::int64_t row = blockIdx.x;
  float* logits = all_logits + row * vocab;
  const int target = targets[row];
  if (target == kIgnoredTarget) {
    for (int i = static_cast<int>(threadIdx.x); with_gradient && i < vocab; i += kThreads) logits[i] = 0;
    return;
  }
  const float wanted = logits[target];
  // Starts finite, so that a logit of -infinity adds 0 instead of NaN.
  float most = -FLT_MAX, sum = 0;
  bool beaten = false;
  for (int first = static_cast<int>(threadIdx.x); first < vocab; first += kAtOnce * kThreads) {
    float x[kAtOnce];
    float rise = most;
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int i = first + k * kThreads;
      x[k] = i < vocab ? logits[i] : -INFINITY;
    }
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int i = first + k * kThreads;
      rise = fmaxf(rise, x[k]);
      beaten = beaten || (i < target ? x[k] >= wanted : x[k] > wanted);
    }
    sum *= expf(most - rise);
    most = rise;
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) sum += expf(x[k] - most);
  }
  const float top = block_max<kThreads>(most, room);
  const float total = block_sum<kThreads>(sum * expf(most - top), room);
  const float rivals = block_max<kThreads>(beaten ? 1.0f : 0.0f, room);
  if (threadIdx.x == 0) {
    results[row] = {log(static_cast<double>(total)) + (static_cast<double>(top) - static_cast<double>(wanted)),
                    rivals == 0 && wanted == top ? 1 : 0};
  }
  if (!with_gradient) return;
  const float factor = grad_scale / total;
  for (int first = static_cast<int>(threadIdx.x); first < vocab; first += kAtOnce * kThreads) {
    float x[kAtOnce];
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int i = first + k * kThreads;
      x[k] = i < vocab ? logits[i] : 0.0f;
    }
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int i = first + k * kThreads;
      const float p = expf(x[k] - top) * factor, grad = i == target ? p - grad_scale : p;
      const float capped = inverse_cap > 0 ? x[k] * inverse_cap : 0.0f;  // a logit may be infinite without a cap
      if (i < vocab) logits[i] = grad * fmaf(-capped, capped, 1.0f);
    }
  }
}

// One thread adds in the order of the rows, so that the sum does not depend on how they are split into chunks.
__global__ void __launch_bounds__(kSumThreads)
    sum_kernel(std::int64_t n_rows, const std::int32_t* __restrict__ targets, const RowResult* __restrict__ results,
               CrossEntropySums* __restrict__ sums) {
  __shared__ double loss[kSumThreads];
  __shared__ int counted[kSumThreads];
  __shared__ int correct[kSumThreads];
  CrossEntropySums total;
  if (threadIdx.x == 0) total = *sums;
  for (std::int64_t first = 0; first < n_rows; first += kSumThreads) {
    const std::int64_t row = first + threadIdx.x;
    const bool counts = row < n_rows && targets[row] != kIgnoredTarget;
    loss[threadIdx.x] = counts ? results[row].loss : 0.0;
    counted[threadIdx.x] = counts ? 1 : 0;
    correct[threadIdx.x] = counts ? results[row].correct : 0;
    __syncthreads();
    if (threadIdx.x == 0) {
#pragma unroll 8
      for (int i = 0; i < kSumThreads; ++i) {
        total.loss += loss[i];
        total.n_counted += counted[i];
        total.n_correct += correct[i];
      }
    }
    __syncthreads();
  }
  if (threadIdx.x == 0) *sums = total;
}

}  // namespace

void cross_entropy_cuda(Context& context, const CrossEntropyArgs& args) {
  const CudaQueue& queue = queue_of(context);
  const ScratchScope scope(context.scratch());
  auto* results = context.scratch().take_array<RowResult>(static_cast<std::size_t>(args.n_rows));
  const auto rows = static_cast<unsigned>(args.n_rows);
  const int vocab = static_cast<int>(args.vocab);  // fits, since targets have 32 bits
  const float inverse_cap = args.softcap > 0 ? 1 / args.softcap : 0.0f;
  if (args.vocab <= kSmallVocab) {
    launch(queue, row_kernel<kFewThreads>, rows, kFewThreads, 0, vocab, args.logits, args.targets, args.with_gradient,
           args.grad_scale, inverse_cap, results);
  } else {
    launch(queue, row_kernel<kManyThreads>, rows, kManyThreads, 0, vocab, args.logits, args.targets, args.with_gradient,
           args.grad_scale, inverse_cap, results);
  }
  launch(queue, sum_kernel, 1, kSumThreads, 0, args.n_rows, args.targets, results, args.sums);
}

}  // namespace matinee
