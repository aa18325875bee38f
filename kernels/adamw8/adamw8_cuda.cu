// A warp updates one block of 256 elements at a time, eight per lane, as two runs of four consecutive elements. So a
// block's scales are maxima over a warp, and everything but the tables of codes stays in registers. 16 bytes per
// element must move. The search for a code, eight steps in a table in shared memory for either moment, takes about as
// long. A block of threads loops over blocks of elements, so that it loads the tables only once. Speed: not measured.

#include "kernels/adamw/adamw_factors.h"
#include "kernels/context.h"
#include "kernels/cuda/vector_access.h"
#include "kernels/cuda/warp.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr int kThreads = 256, kWarps = kThreads / kWarpSize;
constexpr int kRuns = static_cast<int>(kAdamW8Block) / (4 * kWarpSize);
static_assert(kRuns * 4 * kWarpSize == kAdamW8Block, "a warp has a block, in runs of four elements per lane");
static_assert(kThreads == 256, "a thread loads one entry of each table");

struct CodeTables {
  float m[256], r[256];
};
// The code whose value is nearest to x; the larger one in a tie.
__device__ unsigned nearest_code(const float* values, float x) {
  int at = 0;
#pragma unroll
  for (int step = 128; step > 0; step /= 2) {
    if (values[at + step] <= x) at += step;  // at most 255
  }
  if (at < 255) {
    const float below = x - values[at], above = values[at + 1] - x;
    if (above <= below) ++at;
  }
  return static_cast<unsigned>(at);
}

// Four codes as a word. Only the first `n` are read; the others are the code of zero.
__device__ unsigned load_codes(const std::uint8_t* from, std::int64_t n, unsigned zero, bool aligned) {
  if (n >= 4 && aligned) return *reinterpret_cast<const unsigned*>(from);
  unsigned word = 0;
#pragma unroll
  for (int k = 0; k < 4; ++k) word |= (k < n ? static_cast<unsigned>(from[k]) : zero) << 8 * k;
  return word;
}
__device__ void store_codes(std::uint8_t* to, unsigned word, std::int64_t n, bool aligned) {
  if (n >= 4 && aligned) {
    *reinterpret_cast<unsigned*>(to) = word;
    return;
  }
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    if (k < n) to[k] = static_cast<std::uint8_t>(word >> 8 * k);
  }
}

__global__ void __launch_bounds__(kThreads)
    adamw8_kernel(std::int64_t n, float* __restrict__ param, const float* __restrict__ grad,
                  std::uint8_t* __restrict__ m_codes, float* __restrict__ m_scales, std::uint8_t* __restrict__ r_codes,
                  float* __restrict__ r_scales, AdamWFactors f, CodeTables given, bool aligned) {
  __shared__ float m_values[256];
  __shared__ float r_values[256];
  m_values[threadIdx.x] = given.m[threadIdx.x];
  r_values[threadIdx.x] = given.r[threadIdx.x];
  __syncthreads();
  const int lane = static_cast<int>(threadIdx.x % kWarpSize);
  const std::int64_t n_blocks = (n + kAdamW8Block - 1) / kAdamW8Block,
                     step = static_cast<std::int64_t>(gridDim.x) * kWarps;
  for (std::int64_t block = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarpSize; block < n_blocks;
       block += step) {
    const float m_before = m_scales[block], r_before = r_scales[block];
    float m[kRuns][4], r[kRuns][4], m_most = 0, r_most = 0;
#pragma unroll
    for (int run = 0; run < kRuns; ++run) {
      const std::int64_t i = block * kAdamW8Block + run * 4 * kWarpSize + lane * 4, left = n - i;
      float p[4], g[4];
      load_four(p, param + i, left, aligned);
      load_four(g, grad + i, left, aligned);
      const unsigned m_word = load_codes(m_codes + i, left, kAdamW8ZeroM, aligned);
      const unsigned r_word = load_codes(r_codes + i, left, kAdamW8ZeroR, aligned);
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        const float scaled = f.grad_scale * g[k];
        const float root = r_values[r_word >> 8 * k & 255u] * r_before;
        m[run][k] = f.beta1 * (m_values[m_word >> 8 * k & 255u] * m_before) + f.rest1 * scaled;
        const float v = f.beta2 * root * root + f.rest2 * scaled * scaled;
        r[run][k] = sqrtf(v);
        p[k] = f.decay * p[k] - f.rate * m[run][k] / (sqrtf(v * f.second_correction) + f.eps);
        m_most = fmaxf(m_most, fabsf(m[run][k]));
        r_most = fmaxf(r_most, r[run][k]);
      }
      store_four(param + i, p, left, aligned);
    }
    // These exchanges synchronize the warp: every lane has read the old scales before lane 0 writes the new ones.
    m_most = warp_max(m_most);
    r_most = warp_max(r_most);
    if (lane == 0) {
      m_scales[block] = m_most;
      r_scales[block] = r_most;
    }
    const float to_m = m_most > 0 ? 1 / m_most : 0.0f, to_r = r_most > 0 ? 1 / r_most : 0.0f;
#pragma unroll
    for (int run = 0; run < kRuns; ++run) {
      const std::int64_t i = block * kAdamW8Block + run * 4 * kWarpSize + lane * 4, left = n - i;
      unsigned m_word = 0, r_word = 0;
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        m_word |= nearest_code(m_values, m[run][k] * to_m) << 8 * k;
        // A positive root must not become zero, by which the update divides.
        const unsigned code = nearest_code(r_values, r[run][k] * to_r);
        r_word |= (code == kAdamW8ZeroR && r[run][k] > 0 ? 1u : code) << 8 * k;
      }
      store_codes(m_codes + i, m_word, left, aligned);
      store_codes(r_codes + i, r_word, left, aligned);
    }
  }
}

}  // namespace

void adamw8_update_cuda(Context& context, const AdamW8Args& args) {
  const CudaQueue& queue = queue_of(context);
  const AdamWFactors factors(args);
  const AdamW8Codes& codes = adamw8_codes();
  CodeTables tables;
  for (std::size_t i = 0; i < 256; ++i) {
    tables.m[i] = codes.m[i];
    tables.r[i] = codes.r[i];
  }
  const bool aligned = is_aligned(args.param, 16) && is_aligned(args.grad, 16) && is_aligned(args.m_codes, 4) &&
                       is_aligned(args.r_codes, 4);
  launch(queue, adamw8_kernel, queue.grid_for(blocks_for(args.n, kAdamW8Block) * kWarpSize, kThreads), kThreads, 0,
         args.n, args.param, args.grad, args.m_codes, args.m_scales, args.r_codes, args.r_scales, factors, tables,
         aligned);
}

}  // namespace matinee
