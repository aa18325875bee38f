// A thread splits four consecutive elements into terms. Bound by memory: 4 bytes read and 2 written per term.

#include "kernels/attention/attention_tiles_cuda.h"
#include "kernels/context.h"
#include "kernels/cuda/rows.h"

namespace matinee {
namespace {

constexpr int kThreads = 256;

// blockIdx.y is the head; x covers its padded tokens and columns, four columns per thread.
__global__ void __launch_bounds__(kThreads)
    terms_kernel(const float* x, int n_tokens, int padded, int n_heads, int head_dim, int padded_dim, int n_terms,
                 std::uint16_t* terms, bool vector, SeenKeys seen) {
  const int parts = padded_dim / 4;
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int token = static_cast<int>(i / parts), column = static_cast<int>(i % parts) * 4;
  if (token >= padded) return;
  const int head = static_cast<int>(blockIdx.y);
  float4 rest = all4(0);
  int first = 0, present = n_tokens;
  if (seen.first_position != nullptr) {
    first = seen.first();
    present = seen.count();
  }
  if (token < present) {
    rest = load4(x + (static_cast<std::int64_t>(first + token) * n_heads + head) * head_dim, column, head_dim, vector);
  }
  std::uint16_t* to = terms + (static_cast<std::int64_t>(head) * padded + token) * padded_dim + column;
  for (int term = 0; term < n_terms; ++term) {
    const uint2 pairs = make_uint2(bf16_pair(rest.x, rest.y), bf16_pair(rest.z, rest.w));
    *reinterpret_cast<uint2*>(to) = pairs;
    rest.x -= float_of_bf16(pairs.x & 0xffffu);
    rest.y -= float_of_bf16(pairs.x >> 16);
    rest.z -= float_of_bf16(pairs.y & 0xffffu);
    rest.w -= float_of_bf16(pairs.y >> 16);
    to += static_cast<std::int64_t>(n_heads) * padded * padded_dim;
  }
}

}  // namespace

TermVectors to_terms(Context& context, const float* x, std::int64_t n_tokens, std::int64_t n_heads,
                     std::int64_t head_dim, int padded_dim, int n_terms, const SeenKeys& seen) {
  const std::int64_t padded = padded_tokens(n_tokens);
  TermVectors result;
  result.head_stride = padded * padded_dim;
  result.term_stride = n_heads * result.head_stride;
  auto* terms = context.scratch().take_array<std::uint16_t>(static_cast<std::size_t>(n_terms * result.term_stride));
  result.data = terms;
  launch(queue_of(context), terms_kernel,
         dim3(static_cast<unsigned>(blocks_for(padded * padded_dim / 4, kThreads)), static_cast<unsigned>(n_heads)),
         kThreads, 0, x, static_cast<int>(n_tokens), static_cast<int>(padded), static_cast<int>(n_heads),
         static_cast<int>(head_dim), padded_dim, n_terms, terms, rows_on_16_bytes(head_dim, x), seen);
  return result;
}

}  // namespace matinee
