// Forward, a warp copies 512 columns of one token, with four accesses of 16 bytes per lane in flight. Backward, tokens
// are first sorted by id, stably, by counting for each how many come before it: tokens² integer comparisons, a few
// microseconds for thousands of tokens. Then a warp sums all rows of one id for 128 columns, in the order of the
// tokens, with eight rows in flight; so no two warps write the same element, and only rows of the ids are touched. Both
// are bound by memory: 8 bytes per element forward, 12 backward. Speed: not measured.

#include "kernels/context.h"
#include "kernels/cuda/vector_access.h"
#include "kernels/cuda/warp.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr int kThreads = 256, kWarps = kThreads / kWarpSize;
constexpr int kForwardSteps = 4;
constexpr std::int64_t kForwardColumns = 4 * kWarpSize * kForwardSteps;
constexpr std::int64_t kBackwardColumns = 4 * kWarpSize;
constexpr int kRowsAtOnce = 8;

template <class T>
__global__ void __launch_bounds__(kThreads)
    lookup_kernel(std::int64_t n_tokens, std::int64_t width, std::int64_t parts, const std::int32_t* __restrict__ ids,
                  const T* __restrict__ table, float multiplier, float* __restrict__ y, bool table_aligned,
                  bool y_aligned) {
  const std::int64_t item = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarpSize;
  const std::int64_t token = item / parts;
  if (token >= n_tokens) return;
  const std::int64_t column = item % parts * kForwardColumns + threadIdx.x % kWarpSize * 4;
  const T* row = table + ids[token] * width;
  float values[kForwardSteps][4];
#pragma unroll
  for (int step = 0; step < kForwardSteps; ++step) {
    const std::int64_t at = column + step * 4 * kWarpSize;
    load_four(values[step], row + at, width - at, table_aligned);
  }
#pragma unroll
  for (int step = 0; step < kForwardSteps; ++step) {
    const std::int64_t at = column + step * 4 * kWarpSize;
#pragma unroll
    for (int i = 0; i < 4; ++i) values[step][i] *= multiplier;
    store_four(y + token * width + at, values[step], width - at, y_aligned);
  }
}

template <class T>
void look_up(const CudaQueue& queue, const EmbeddingArgs& args) {
  const auto* table = static_cast<const T*>(args.table.data);
  const std::int64_t parts = blocks_for(args.width, kForwardColumns);
  launch(queue, lookup_kernel<T>, static_cast<unsigned>(blocks_for(args.n_tokens * parts, kWarps)), kThreads, 0,
         args.n_tokens, args.width, parts, args.ids, table, args.multiplier, args.y,
         rows_aligned(table, args.width, sizeof(T), 4 * sizeof(T)), rows_aligned(args.y, args.width, 4, 16));
}

// A block finds the places of 32 tokens; each of its warps compares them with every eighth group of 32 tokens.
// sorted[place] is the token. runs[place] is the number of tokens with its id if it is the first of them, else 0.
__global__ void __launch_bounds__(kThreads)
    sort_kernel(std::int64_t n_tokens, const std::int32_t* __restrict__ ids, std::int32_t* __restrict__ sorted,
                std::int32_t* __restrict__ runs) {
  __shared__ int smaller[kWarps][kWarpSize];
  __shared__ int equal[kWarps][kWarpSize];
  __shared__ int equal_before[kWarps][kWarpSize];
  const int lane = static_cast<int>(threadIdx.x % kWarpSize), warp = static_cast<int>(threadIdx.x / kWarpSize);
  const std::int64_t token = static_cast<std::int64_t>(blockIdx.x) * kWarpSize + lane;
  const std::int32_t id = token < n_tokens ? ids[token] : -1;
  int n_smaller = 0, n_equal = 0, n_before = 0;
  for (std::int64_t first = warp * kWarpSize; first < n_tokens; first += kThreads) {
    // Missing tokens compare as larger than every id.
    const std::int32_t mine = first + lane < n_tokens ? ids[first + lane] : INT32_MAX;
    const int before = token <= first ? 0 : token - first < kWarpSize ? static_cast<int>(token - first) : kWarpSize;
#pragma unroll
    for (int other = 0; other < kWarpSize; ++other) {
      const std::int32_t other_id = __shfl_sync(kWholeWarp, mine, other);
      n_smaller += other_id < id ? 1 : 0;
      n_equal += other_id == id ? 1 : 0;
      n_before += other_id == id && other < before ? 1 : 0;
    }
  }
  smaller[warp][lane] = n_smaller;
  equal[warp][lane] = n_equal;
  equal_before[warp][lane] = n_before;
  __syncthreads();
  if (warp > 0 || token >= n_tokens) return;
  int place = 0, run = 0, earlier = 0;
  for (int part = 0; part < kWarps; ++part) {
    place += smaller[part][lane];
    run += equal[part][lane];
    earlier += equal_before[part][lane];
  }
  place += earlier;
  sorted[place] = static_cast<std::int32_t>(token);
  runs[place] = earlier == 0 ? run : 0;
}

// The warp of the first token of a run sums the run.
__global__ void __launch_bounds__(kThreads)
    add_rows_kernel(std::int64_t n_tokens, std::int64_t width, std::int64_t parts, const std::int32_t* __restrict__ ids,
                    const std::int32_t* __restrict__ sorted, const std::int32_t* __restrict__ runs,
                    const float* __restrict__ grad_y, float multiplier, float* __restrict__ grad_table,
                    bool grad_y_aligned, bool table_aligned) {
  const std::int64_t item = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarpSize;
  const std::int64_t place = item / parts;
  if (place >= n_tokens) return;
  const int run = runs[place];
  if (run == 0) return;
  const std::int64_t column = item % parts * kBackwardColumns + threadIdx.x % kWarpSize * 4;
  float* to = grad_table + ids[sorted[place]] * width + column;
  float sum[4];
  load_four(sum, to, width - column, table_aligned);
  for (int done = 0; done < run; done += kRowsAtOnce) {
    float rows[kRowsAtOnce][4];
#pragma unroll
    for (int i = 0; i < kRowsAtOnce; ++i) {
      const bool there = done + i < run;
      const std::int64_t token = there ? sorted[place + done + i] : 0;
      load_four(rows[i], grad_y + token * width + column, there ? width - column : 0, grad_y_aligned);
    }
#pragma unroll
    for (int i = 0; i < kRowsAtOnce; ++i) {
#pragma unroll
      for (int k = 0; k < 4; ++k) sum[k] += multiplier * rows[i][k];
    }
  }
  store_four(to, sum, width - column, table_aligned);
}

}  // namespace

void embedding_forward_cuda(Context& context, const EmbeddingArgs& args) {
  const CudaQueue& queue = queue_of(context);
  if (args.table.format == WeightFormat::kBF16) {
    look_up<std::uint16_t>(queue, args);
  } else {
    look_up<float>(queue, args);
  }
}

void embedding_backward_cuda(Context& context, const EmbeddingBackwardArgs& args) {
  const CudaQueue& queue = queue_of(context);
  const ScratchScope scope(context.scratch());
  auto* sorted = context.scratch().take_array<std::int32_t>(static_cast<std::size_t>(args.n_tokens));
  auto* runs = context.scratch().take_array<std::int32_t>(static_cast<std::size_t>(args.n_tokens));
  launch(queue, sort_kernel, static_cast<unsigned>(blocks_for(args.n_tokens, kWarpSize)), kThreads, 0, args.n_tokens,
         args.ids, sorted, runs);
  const std::int64_t parts = blocks_for(args.width, kBackwardColumns);
  launch(queue, add_rows_kernel, static_cast<unsigned>(blocks_for(args.n_tokens * parts, kWarps)), kThreads, 0,
         args.n_tokens, args.width, parts, args.ids, sorted, runs, args.grad_y, args.multiplier, args.grad_table,
         rows_aligned(args.grad_y, args.width, 4, 16), rows_aligned(args.grad_table, args.width, 4, 16));
}

}  // namespace matinee
