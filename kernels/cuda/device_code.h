#pragma once

// What every file of device code includes: the runtime, kernel launches and bfloat16 conversions. Under
// MATINEE_CUDA_EMULATION, where tests/emulation runs this code on the CPU, the CUDA names come from there; therefore no
// file uses <<<...>>>.

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda/cuda_queue.h"

namespace matinee {

/// Adds a kernel to the queue, with `shared_bytes` of dynamic shared memory. Throws Error(kDevice) if it cannot start.
template <class... Parameters, class... Arguments>
void launch(const CudaQueue& queue, void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes,
            Arguments&&... arguments) {
#ifdef MATINEE_CUDA_EMULATION
  emulation::launch(kernel, grid, block, shared_bytes, Parameters(arguments)...);
  static_cast<void>(queue);
#else
  queue.make_current();
  // A kernel that uses more than 48 KB must opt in.
  if (shared_bytes > 48 * 1024) {
    check_cuda(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)),
        "requesting shared memory for a kernel");
  }
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = queue.stream();
  check_cuda(cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...), "launching a kernel");
#endif
}

/// The shared memory of a block, static and dynamic together, that every device of compute capability 8.0 or later
/// provides: 8.6 and 8.9 have 99 KB, 8.0 has 163 KB, 9.0 has 227 KB (CUDA C++ Programming Guide, technical
/// specifications).
inline constexpr std::size_t kSharedBytesEverywhere = 99 << 10;

/// The dynamic shared memory of the launch, aligned to 128 bytes.
template <class T>
__device__ T* dynamic_shared() {
#ifdef MATINEE_CUDA_EMULATION
  return static_cast<T*>(emulation::dynamic_shared_memory());
#else
  extern __shared__ __align__(128) unsigned char matinee_shared_memory[];
  return reinterpret_cast<T*>(matinee_shared_memory);
#endif
}

/// n / block, rounded up.
constexpr std::int64_t blocks_for(std::int64_t n, std::int64_t block) { return (n + block - 1) / block; }

/// bfloat16 as bits, to float and back: the nearest value, ties to even; NaN stays NaN.
__device__ inline float float_of_bf16(std::uint32_t bits) { return __uint_as_float(bits << 16); }
__device__ inline std::uint16_t bf16_of_float(float value) {
#ifdef MATINEE_CUDA_EMULATION
  return to_bf16(value).bits;
#else
  std::uint16_t bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
#endif
}
/// Two bfloat16 values in a word, `low` in the lower half.
__device__ inline std::uint32_t bf16_pair(float low, float high) {
#ifdef MATINEE_CUDA_EMULATION
  return static_cast<std::uint32_t>(to_bf16(low).bits) | static_cast<std::uint32_t>(to_bf16(high).bits) << 16;
#else
  std::uint32_t bits;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
  return bits;
#endif
}

}  // namespace matinee
