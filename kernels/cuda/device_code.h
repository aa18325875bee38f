#pragma once

// What every file with CUDA code includes: the runtime, launching, and numbers in bfloat16. Where the tests run this
// code on the CPU (tests/emulation), the same names come from there, so no file says <<<...>>> or includes a CUDA
// header.

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda/cuda_queue.h"

namespace matinee {

/// Throws Error(kDevice) naming `what` and CUDA's own words where `status` is no success.
void check_cuda(cudaError_t status, const char* what);

/// Puts one kernel into the queue. `shared_bytes` is what dynamic_shared() gives, up to what the device has.
template <class... Parameters, class... Arguments>
void launch(const CudaQueue& queue, void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes,
            Arguments&&... arguments) {
#ifdef MATINEE_CUDA_EMULATION
  emulation::launch(kernel, grid, block, shared_bytes, Parameters(arguments)...);
  static_cast<void>(queue);
#else
  queue.make_current();
  // More than 48 KB has to be asked for.
  if (shared_bytes > 48 * 1024) {
    check_cuda(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)),
        "shared memory of a kernel");
  }
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = queue.stream();
  check_cuda(cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...), "the start of a kernel");
#endif
}

/// What a block may have on every device from compute capability 8.0 on: that of 8.6 and 8.9, 8.0 has 163 KB and 9.0
/// 227 KB (CUDA C++ Programming Guide, table of technical specifications). What a kernel declares as __shared__ counts.
inline constexpr std::size_t kSharedBytesEverywhere = 99 << 10;

/// The shared memory that a launch asked for, aligned to 128.
template <class T>
__device__ T* dynamic_shared() {
#ifdef MATINEE_CUDA_EMULATION
  return static_cast<T*>(emulation::dynamic_shared_memory());
#else
  extern __shared__ __align__(128) unsigned char matinee_shared_memory[];
  return reinterpret_cast<T*>(matinee_shared_memory);
#endif
}

/// Blocks of `block` that `n` needs.
constexpr std::int64_t blocks_for(std::int64_t n, std::int64_t block) { return (n + block - 1) / block; }

/// A bfloat16's float, and the bfloat16 nearest to a float (ties to even, NaN stays NaN) as bits.
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
/// Two of them: `low` in the lower half.
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
