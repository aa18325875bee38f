#pragma once

// Four consecutive floats at once: one access of 16 bytes where the alignment allows it, else up to four single ones.
// Which of the two is the same for a whole kernel launch, and an element goes to the same thread either way, so results
// do not depend on it.

#include "kernels/cuda/device_code.h"

namespace matinee {

/// `bytes` must be a power of two. Null is aligned.
inline bool is_aligned(const void* address, std::size_t bytes) {
  return reinterpret_cast<std::uintptr_t>(address) % bytes == 0;
}
/// Whether rows of `width` elements of `element_bytes`, contiguous from `address` on, all begin at multiples of
/// `bytes`.
inline bool rows_aligned(const void* address, std::int64_t width, std::size_t element_bytes, std::size_t bytes) {
  return is_aligned(address, bytes) && static_cast<std::size_t>(width) * element_bytes % bytes == 0;
}

/// Elements [at, at + 4) of a row one by one; 0 past its width.
template <class Index>
__device__ float4 load_single(const float* row, Index at, Index width) {
  return make_float4(at < width ? row[at] : 0.0f, at + 1 < width ? row[at + 1] : 0.0f,
                     at + 2 < width ? row[at + 2] : 0.0f, at + 3 < width ? row[at + 3] : 0.0f);
}
/// Stores nothing past the width.
template <class Index>
__device__ void store_single(float* row, Index at, Index width, float4 value) {
  if (at < width) row[at] = value.x;
  if (at + 1 < width) row[at + 1] = value.y;
  if (at + 2 < width) row[at + 2] = value.z;
  if (at + 3 < width) row[at + 3] = value.w;
}

/// The first `n` of four elements, and 0 for the others. `aligned`: `from` is a multiple of 16 bytes.
__device__ inline void load_four(float (&to)[4], const float* from, std::int64_t n, bool aligned) {
  if (n >= 4 && aligned) {
    const float4 four = *reinterpret_cast<const float4*>(from);
    to[0] = four.x;
    to[1] = four.y;
    to[2] = four.z;
    to[3] = four.w;
    return;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) to[i] = i < n ? from[i] : 0.0f;
}
/// Stores the first `n` of four elements.
__device__ inline void store_four(float* to, const float (&from)[4], std::int64_t n, bool aligned) {
  if (n >= 4 && aligned) {
    *reinterpret_cast<float4*>(to) = make_float4(from[0], from[1], from[2], from[3]);
    return;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (i < n) to[i] = from[i];
  }
}
/// load_four() from bfloat16. `aligned`: `from` is a multiple of 8 bytes.
__device__ inline void load_four(float (&to)[4], const std::uint16_t* from, std::int64_t n, bool aligned) {
  if (n >= 4 && aligned) {
    const uint2 four = *reinterpret_cast<const uint2*>(from);
    to[0] = float_of_bf16(four.x & 0xffffu);
    to[1] = float_of_bf16(four.x >> 16);
    to[2] = float_of_bf16(four.y & 0xffffu);
    to[3] = float_of_bf16(four.y >> 16);
    return;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) to[i] = i < n ? float_of_bf16(from[i]) : 0.0f;
}

}  // namespace matinee
