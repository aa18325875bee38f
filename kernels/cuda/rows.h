#pragma once

// Rows of float32, four elements of a row at a time, with a warp or a block for each row.

#include "kernels/cuda/warp.h"

namespace matinee {

/// Whether rows of `width` floats one after the other at each of these addresses begin on 16 bytes all. Null counts as
/// such.
template <class... Pointers>
bool rows_on_16_bytes(std::int64_t width, const Pointers*... pointers) {
  return width % 4 == 0 && ((reinterpret_cast<std::uintptr_t>(pointers) % 16 == 0) && ...);
}

/// Elements at ... at + 3 of a row; 0 beyond its width. `vector` is what rows_on_16_bytes() says; the numbers are the
/// same either way, so what is made of them has the same bytes for any alignment.
template <class Index>
__device__ float4 load4(const float* row, Index at, Index width, bool vector) {
  if (vector) {
    return at < width ? *reinterpret_cast<const float4*>(row + at) : make_float4(0, 0, 0, 0);
  }
  return make_float4(at < width ? row[at] : 0.0f, at + 1 < width ? row[at + 1] : 0.0f,
                     at + 2 < width ? row[at + 2] : 0.0f, at + 3 < width ? row[at + 3] : 0.0f);
}
/// What lies beyond the width is left out.
template <class Index>
__device__ void store4(float* row, Index at, Index width, float4 value, bool vector) {
  if (vector) {
    if (at < width) *reinterpret_cast<float4*>(row + at) = value;
    return;
  }
  if (at < width) row[at] = value.x;
  if (at + 1 < width) row[at + 1] = value.y;
  if (at + 2 < width) row[at + 2] = value.z;
  if (at + 3 < width) row[at + 3] = value.w;
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

/// kLanes threads for a row, of which each keeps 4·kVectors elements in registers: vector v of lane l begins at
/// 4·(v·kLanes + l). What is wider than that is read again whenever it is needed.
template <int kLanesOfRow, int kVectorsOfLane>
struct RowShape {
  static constexpr int kLanes = kLanesOfRow, kVectors = kVectorsOfLane;
  static constexpr int kThreads = kLanes == kWarpSize ? 256 : kLanes;
  static constexpr int kRows = kThreads / kLanes;  ///< of a block
  static constexpr int kKept = 4 * kLanes * kVectors;
  /// Where the row's part that is not kept begins for a lane; no shape but the largest is given such rows.
  static __device__ int rest(int lane, int width) { return kLanes == 512 ? kKept + 4 * lane : width; }
  static_assert(kRows == 1 || kLanes == kWarpSize, "a row belongs to a warp or to a whole block");
};

/// Calls body(RowShape) with the smallest shape that keeps a row of `width`, or the largest there is: more than 16
/// elements of each of four rows in a thread would leave too few threads to hide the memory's latency.
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

/// The sum over the lanes of a row; every lane gets it. `room`: 32 values of shared memory.
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
