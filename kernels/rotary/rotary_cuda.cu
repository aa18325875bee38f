// A thread rotates four pairs at a time, or two if pairs are interleaved, by accesses of 16 bytes if pairs and tables
// are aligned to that. A block has the heads of one token, or of several if they are few. Bound by memory: 8 bytes per
// rotated element; the tables, which the heads of a token share, come from the cache. Share of the bandwidth: not
// measured.

#include <algorithm>

#include "kernels/cuda/rows.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr int kThreads = 256;

struct Pair {
  float first, second;
};
__device__ Pair rotated(float a, float b, float cosine, float sine) {
  return {fmaf(a, cosine, -(b * sine)), fmaf(b, cosine, a * sine)};
}

// A head is split into n_parts parts of four pairs (two if interleaved), 32 or 16 bytes of x. `sign` is +1 forward and
// -1 backward. `vector`: parts of x and of the tables begin at multiples of 16 bytes.
template <RotaryStyle kStyle>
__global__ void __launch_bounds__(kThreads)
    rotate_kernel(RotaryArgs args, float sign, int n_parts, int tokens_of_block, bool vector) {
  const std::int64_t half = args.rotary_dim / 2;
  const int parts_of_token = static_cast<int>(args.n_heads) * n_parts;
  const std::int64_t first_token = static_cast<std::int64_t>(blockIdx.x) * tokens_of_block;
  for (int i = static_cast<int>(threadIdx.x); i < tokens_of_block * parts_of_token; i += kThreads) {
    const std::int64_t token = first_token + i / parts_of_token;
    if (token >= args.n_tokens) return;
    const int head = i % parts_of_token / n_parts, part = i % n_parts;
    float* x = args.x + (token * args.n_heads + head) * args.head_dim;
    const float* cosines = args.cosines + args.positions[token] * half;
    const float* sines = args.sines + args.positions[token] * half;
    if constexpr (kStyle == RotaryStyle::kHalfSplit) {
      const std::int64_t at = 4 * part;
      const float4 a = load4(x, at, half, vector), b = load4(x + half, at, half, vector);
      const float4 cosine = load4(cosines, at, half, vector);
      const float4 sine = mul4(load4(sines, at, half, vector), all4(sign));
      const Pair p0 = rotated(a.x, b.x, cosine.x, sine.x), p1 = rotated(a.y, b.y, cosine.y, sine.y);
      const Pair p2 = rotated(a.z, b.z, cosine.z, sine.z), p3 = rotated(a.w, b.w, cosine.w, sine.w);
      store4(x, at, half, make_float4(p0.first, p1.first, p2.first, p3.first), vector);
      store4(x + half, at, half, make_float4(p0.second, p1.second, p2.second, p3.second), vector);
    } else {
      const std::int64_t pair = 2 * part;
      const float4 value = load4(x, 2 * pair, args.rotary_dim, vector);
      const bool second = pair + 1 < half;
      const Pair p0 = rotated(value.x, value.y, cosines[pair], sign * sines[pair]);
      const Pair p1 =
          rotated(value.z, value.w, second ? cosines[pair + 1] : 0.0f, second ? sign * sines[pair + 1] : 0.0f);
      store4(x, 2 * pair, args.rotary_dim, make_float4(p0.first, p0.second, p1.first, p1.second), vector);
    }
  }
}

void rotate(Context& context, const RotaryArgs& args, float sign) {
  const bool split = args.style == RotaryStyle::kHalfSplit;
  const std::int64_t half = args.rotary_dim / 2;
  const bool vector = rows_on_16_bytes(args.head_dim, args.x) &&
                      (split ? rows_on_16_bytes(half, args.cosines, args.sines) : args.rotary_dim % 4 == 0);
  const std::int64_t n_parts = blocks_for(half, split ? 4 : 2);
  const std::int64_t tokens_of_block = std::max<std::int64_t>(1, kThreads / (args.n_heads * n_parts));
  launch(queue_of(context), split ? rotate_kernel<RotaryStyle::kHalfSplit> : rotate_kernel<RotaryStyle::kInterleaved>,
         static_cast<unsigned>(blocks_for(args.n_tokens, tokens_of_block)), kThreads, 0, args, sign,
         static_cast<int>(n_parts), static_cast<int>(tokens_of_block), vector);
}

}  // namespace

void rotary_forward_cuda(Context& context, const RotaryArgs& args) { rotate(context, args, 1.0f); }
void rotary_backward_cuda(Context& context, const RotaryArgs& args) { rotate(context, args, -1.0f); }

}  // namespace matinee
