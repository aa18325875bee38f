#pragma once

// Sums and maxima over the threads of a warp or a block. The order of additions is fixed.

#include "kernels/cuda/device_code.h"

namespace matinee {

inline constexpr int kWarpSize = 32;
inline constexpr unsigned kWholeWarp = 0xffffffffu;

/// The sum over the warp, in every lane.
template <class T>
__device__ T warp_sum(T value) {
  for (int step = kWarpSize / 2; step > 0; step /= 2) value += __shfl_xor_sync(kWholeWarp, value, step);
  return value;
}
/// The maximum over the warp, in every lane.
__device__ inline float warp_max(float value) {
  for (int step = kWarpSize / 2; step > 0; step /= 2) {
    value = fmaxf(value, __shfl_xor_sync(kWholeWarp, value, step));
  }
  return value;
}

/// The sum over a one-dimensional block of kThreads, in every thread. `room`: shared memory for kThreads / 32 values,
/// free for reuse on return.
template <int kThreads, class T>
__device__ T block_sum(T value, T* room) {
  value = warp_sum(value);
  if (threadIdx.x % kWarpSize == 0) room[threadIdx.x / kWarpSize] = value;
  __syncthreads();
  T sum = room[0];
  for (int warp = 1; warp < kThreads / kWarpSize; ++warp) sum += room[warp];
  __syncthreads();
  return sum;
}
/// The maximum, likewise.
template <int kThreads>
__device__ float block_max(float value, float* room) {
  value = warp_max(value);
  if (threadIdx.x % kWarpSize == 0) room[threadIdx.x / kWarpSize] = value;
  __syncthreads();
  float most = room[0];
  for (int warp = 1; warp < kThreads / kWarpSize; ++warp) most = fmaxf(most, room[warp]);
  __syncthreads();
  return most;
}

}  // namespace matinee
