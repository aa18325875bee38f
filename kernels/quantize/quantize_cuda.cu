// Runs once per weight when a model is loaded. int8: a block of threads has a row, which it reads for the maximum and
// again, from the cache, for the codes. NF4: a warp has a block of 64 elements, two per lane, which make one byte. The
// mean of NF4's maxima is summed in float64, in parts that depend on their number alone. Operations that the formats
// define in float32 are written so that the compiler cannot fuse them; so the codes are the same as the CPU's. Bound by
// memory: 5 bytes per element for int8, 4.5 for NF4. Speed: not measured.

#include <cfloat>

#include "kernels/context.h"
#include "kernels/cuda/vector_access.h"
#include "kernels/cuda/warp.h"
#include "kernels/cuda_ops.h"
#include "kernels/quantize/nf4_cuda.h"

namespace matinee {
namespace {

constexpr int kThreads = 256, kWarps = kThreads / kWarpSize;
constexpr std::int64_t kMeanBlock = 16 * kThreads;
static_assert(kNf4Block == 2 * kWarpSize, "a lane has two elements of a block");
static_assert(kAbsmaxBlock == kThreads, "a thread has one maximum of a block of scales");

// 0 for a subnormal maximum, whose reciprocal would be infinite.
__device__ float normal_or_zero(float most) { return most < FLT_MIN ? 0.0f : most; }

__global__ void __launch_bounds__(kThreads)
    int8_kernel(std::int64_t width, const float* __restrict__ all_x, std::int8_t* __restrict__ all_codes,
                float* __restrict__ row_scales, bool aligned) {
  __shared__ float room[kWarps];
  const std::int64_t row = blockIdx.x;
  const float* x = all_x + row * width;
  std::int8_t* codes = all_codes + row * width;
  float most = 0;
  for (std::int64_t i = threadIdx.x * 4; i < width; i += 4 * kThreads) {
    float four[4];
    load_four(four, x + i, width - i, aligned);
#pragma unroll
    for (int k = 0; k < 4; ++k) most = fmaxf(most, fabsf(four[k]));
  }
  most = normal_or_zero(block_max<kThreads>(most, room));
  if (threadIdx.x == 0) row_scales[row] = most / 127.0f;
  const float inverse = most == 0 ? 0.0f : __fmul_rn(1.0f / most, 127.0f);
  for (std::int64_t i = threadIdx.x * 4; i < width; i += 4 * kThreads) {
    float four[4];
    load_four(four, x + i, width - i, aligned);
    unsigned word = 0;
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      word |= (static_cast<unsigned>(__float2int_rn(__fmul_rn(four[k], inverse))) & 255u) << 8 * k;
    }
    if (aligned) {
      *reinterpret_cast<unsigned*>(codes + i) = word;
      continue;
    }
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      if (i + k < width) codes[i + k] = static_cast<std::int8_t>(word >> 8 * k & 255u);
    }
  }
}

// The values ascend, so the index of the nearest is the number of values that are nearer than the one before.
__device__ unsigned nearest_nf4(const float* values, float scaled) {
  unsigned index = 0;
#pragma unroll
  for (int v = 0; v < 15; ++v) index += fabsf(scaled - values[v + 1]) < fabsf(scaled - values[v]) ? 1u : 0u;
  return index;
}

__global__ void __launch_bounds__(kThreads)
    nf4_kernel(std::int64_t n, const float* __restrict__ x, std::uint8_t* __restrict__ codes,
               float* __restrict__ absmax, Nf4Tables tables, bool aligned) {
  const std::int64_t n_blocks = (n + kNf4Block - 1) / kNf4Block, step = static_cast<std::int64_t>(gridDim.x) * kWarps;
  const int lane = static_cast<int>(threadIdx.x % kWarpSize);
  for (std::int64_t block = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarpSize; block < n_blocks;
       block += step) {
    const std::int64_t i = block * kNf4Block + 2 * lane;
    float first = 0, second = 0;
    if (aligned && i + 1 < n) {
      const float2 two = *reinterpret_cast<const float2*>(x + i);
      first = two.x;
      second = two.y;
    } else {
      if (i < n) first = x[i];
      if (i + 1 < n) second = x[i + 1];
    }
    const float most = normal_or_zero(warp_max(fmaxf(fabsf(first), fabsf(second))));
    if (lane == 0) absmax[block] = most;
    if (i >= n) continue;
    const float inverse = most == 0 ? 0.0f : 1.0f / most;
    const unsigned upper = nearest_nf4(tables.values, __fmul_rn(first, inverse));
    // The last half byte of an odd n is 0.
    const unsigned lower = i + 1 < n ? nearest_nf4(tables.values, __fmul_rn(second, inverse)) : 0;
    codes[i / 2] = static_cast<std::uint8_t>(upper << 4 | lower);
  }
}

__global__ void __launch_bounds__(kThreads)
    add_kernel(std::int64_t n, const float* __restrict__ x, double* __restrict__ parts) {
  __shared__ double room[kWarps];
  double sum = 0;
#pragma unroll
  for (int k = 0; k < kMeanBlock / kThreads; ++k) {
    const std::int64_t i = blockIdx.x * kMeanBlock + k * kThreads + threadIdx.x;
    if (i < n) sum += static_cast<double>(x[i]);
  }
  const double total = block_sum<kThreads>(sum, room);
  if (threadIdx.x == 0) parts[blockIdx.x] = total;
}

__global__ void __launch_bounds__(kThreads)
    mean_kernel(std::int64_t n, std::int64_t n_parts, const double* __restrict__ parts, float* __restrict__ mean) {
  __shared__ double room[kWarps];
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < n_parts; i += kThreads) sum += parts[i];
  const double total = block_sum<kThreads>(sum, room);
  if (threadIdx.x == 0) *mean = static_cast<float>(total / static_cast<double>(n));
}

// The index of the value nearest to x; the smaller one in a tie.
__device__ int nearest_dynamic(const float* values, float x) {
  // The number of values below x, at most 255.
  int below = 0;
#pragma unroll
  for (int step = 128; step > 0; step /= 2) {
    if (values[below + step - 1] < x) below += step;
  }
  if (below == 0 || values[below] < x) return below;
  return fabsf(x - values[below]) < fabsf(x - values[below - 1]) ? below : below - 1;
}

__global__ void __launch_bounds__(kThreads)
    absmax_kernel(std::int64_t n, const float* __restrict__ absmax, const float* __restrict__ mean,
                  std::uint8_t* __restrict__ codes, float* __restrict__ scales, Nf4Tables given) {
  __shared__ float room[kWarps];
  __shared__ Nf4Tables tables;
  load_tables(given, tables);
  const std::int64_t i = blockIdx.x * kAbsmaxBlock + threadIdx.x;
  const float difference = i < n ? absmax[i] - *mean : 0.0f;
  const float most =
      normal_or_zero(block_max<kThreads>(fabsf(difference), room));  // also the barrier after load_tables()
  if (threadIdx.x == 0) scales[blockIdx.x] = most;
  const float inverse = most == 0 ? 0.0f : 1.0f / most;
  if (i < n) codes[i] = static_cast<std::uint8_t>(nearest_dynamic(tables.dynamic, __fmul_rn(difference, inverse)));
}

}  // namespace

void quantize_int8_cuda(Context& context, const QuantizeInt8Args& args) {
  const bool aligned = rows_aligned(args.x, args.width, 4, 16) && rows_aligned(args.codes, args.width, 1, 4);
  launch(queue_of(context), int8_kernel, static_cast<unsigned>(args.n_rows), kThreads, 0, args.width, args.x,
         args.codes, args.row_scales, aligned);
}

void quantize_nf4_cuda(Context& context, const QuantizeNf4Args& args) {
  const CudaQueue& queue = queue_of(context);
  launch(queue, nf4_kernel, queue.grid_for(nf4_blocks(args.n) * kWarpSize, kThreads), kThreads, 0, args.n, args.x,
         args.codes, args.absmax, nf4_tables(), is_aligned(args.x, 8));
}

void quantize_absmax_cuda(Context& context, const QuantizeAbsmaxArgs& args) {
  const CudaQueue& queue = queue_of(context);
  const ScratchScope scope(context.scratch());
  const std::int64_t n_parts = blocks_for(args.n_blocks, kMeanBlock);
  auto* parts = context.scratch().take_array<double>(static_cast<std::size_t>(n_parts));
  launch(queue, add_kernel, static_cast<unsigned>(n_parts), kThreads, 0, args.n_blocks, args.absmax, parts);
  launch(queue, mean_kernel, 1, kThreads, 0, args.n_blocks, n_parts, parts, args.offset);
  launch(queue, absmax_kernel, static_cast<unsigned>(absmax_blocks(args.n_blocks)), kThreads, 0, args.n_blocks,
         args.absmax, args.offset, args.codes, args.scales, nf4_tables());
}

}  // namespace matinee
