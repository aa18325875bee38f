#pragma once

// Rows of float32, with a warp or a block per row and four elements of a lane at a time.

#include <algorithm>

#include "kernels/cuda/vector_access.h"
#include "kernels/cuda/warp.h"

namespace matinee {

/// Whether rows of `width` floats, contiguous from each of these addresses on, all begin at multiples of 16 bytes. Null
/// addresses do not count.
template <class... Pointers>
bool rows_on_16_bytes(std::int64_t width, const Pointers*... pointers) {
  return width % 4 == 0 && (is_aligned(pointers, 16) && ...);
}

/// Elements [at, at + 4) of a row; 0 past its width. `vector`: the result of rows_on_16_bytes().
template <class Index>
__device__ float4 load4(const float* row, Index at, Index width, bool vector) {
  if (!vector) return load_single(row, at, width);
  return at < width ? *reinterpret_cast<const float4*>(row + at) : make_float4(0, 0, 0, 0);
}
/// Stores nothing past the width.
template <class Index>
__device__ void store4(float* row, Index at, Index width, float4 value, bool vector) {
  if (!vector) return store_single(row, at, width, value);
  if (at < width) *reinterpret_cast<float4*>(row + at) = value;
}
/// a·b + c, elementwise.
__device__ inline float4 fma4(float4 a, float4 b, float4 c) {
  return make_float4(fmaf(a.x, b.x, c.x), fmaf(a.y, b.y, c.y), fmaf(a.z, b.z, c.z), fmaf(a.w, b.w, c.w));
}
__device__ inline float4 add4(float4 a, float4 b) { return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w); }
__device__ inline float4 mul4(float4 a, float4 b) { return make_float4(a.x * b.x, a.y * b.y, a.z * b.z, a.w * b.w); }
__device__ inline float4 all4(float a) { return make_float4(a, a, a, a); }
/// sum + a·b over the four.
__device__ inline float dot4(float4 a, float4 b, float sum) {
  return fmaf(a.w, b.w, fmaf(a.z, b.z, fmaf(a.y, b.y, fmaf(a.x, b.x, sum))));
}

/// kLanes threads per row, each of which keeps 4·kVectors elements in registers: vector v of a lane begins at
/// 4·(v·kLanes + lane). Elements past kKept are loaded again whenever they are needed.
template <int kLanesOfRow, int kVectorsOfLane>
struct RowShape {
  static constexpr int kLanes = kLanesOfRow, kVectors = kVectorsOfLane;
  static constexpr int kThreads = kLanes == kWarpSize ? 256 : kLanes;
  static constexpr int kRows = kThreads / kLanes;  ///< of a block
  static constexpr int kKept = 4 * kLanes * kVectors;
  static_assert(kRows == 1 || kLanes == kWarpSize, "a row belongs to a warp or to a whole block");

  /// Calls body(v, i) for each vector v that this lane keeps, which begins at element i of the row.
  template <class Body>
  static __device__ void each_kept(int lane, const Body& body) {
#pragma unroll
    for (int v = 0; v < kVectors; ++v) body(v, 4 * (v * kLanes + lane));
  }
  /// Calls body(i) for each vector of this lane that is not kept. Only the largest shape has such rows.
  template <class Body>
  static __device__ void each_other(int lane, int width, const Body& body) {
#pragma unroll 1
    for (int i = kLanes == 512 ? kKept + 4 * lane : width; i < width; i += 4 * kLanes) body(i);
  }
};

/// Calls body(RowShape) with the smallest shape that keeps a row of `width`, or the largest shape. More than 16
/// elements of a row per thread would leave too few threads to hide the memory's latency.
template <class Body>
void with_row_shape(std::int64_t width, const Body& body) {
  if (width <= 128) return body(RowShape<32, 1>{});
  if (width <= 256) return body(RowShape<32, 2>{});
  if (width <= 512) return body(RowShape<32, 4>{});
  if (width <= 1024) return body(RowShape<256, 1>{});
  if (width <= 2048) return body(RowShape<256, 2>{});
  if (width <= 4096) return body(RowShape<256, 4>{});
  return body(RowShape<512, 4>{});
}

/// The blocks, at most `blocks`, of a kernel that sums a part per row of a block over several rows: enough to fill the
/// device.
inline std::int64_t blocks_with_parts(const CudaQueue& queue, std::int64_t blocks) {
  return std::min<std::int64_t>(blocks, 4 * queue.multiprocessors());
}

/// The sum over the lanes of a row, in every lane. `room`: shared memory for 32 values.
template <class Shape>
__device__ float row_sum(float value, float* room) {
  if constexpr (Shape::kLanes == kWarpSize) {
    static_cast<void>(room);
    return warp_sum(value);
  } else {
    return block_sum<Shape::kThreads>(value, room);
  }
}

/// to[i] += Σ parts[p][i] over p, in an order that depends on n_parts alone. parts [n_parts, width].
void add_parts(const CudaQueue& queue, const float* parts, std::int64_t n_parts, std::int64_t width, float* to);

}  // namespace matinee
