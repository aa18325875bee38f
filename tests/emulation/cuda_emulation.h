#pragma once

// The part of CUDA that kernels/ uses, on the CPU, so that the files that nvcc compiles can be tested without a GPU.
// Each thread of a block is a fiber, which runs until it waits for its warp or its block; blocks run on all processors.
// Device memory is accessible only while a kernel or a copy runs, and new memory is filled with NaN.
//
// It finds wrong indices, missing barriers (by running the fibers in another order), divergent barriers, host code that
// dereferences a device pointer, and reads of memory that was never written. It does not find what depends on the
// hardware, such as register spills or the memory model.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

#include "lib/base/dtype.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __shared__ static thread_local
#define __constant__ static const
#define __align__(n) alignas(n)
#define __launch_bounds__(...)
#define __restrict__

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }

struct matinee_emulated_stream;

namespace matinee::emulation {

inline constexpr int kWarp = 32;

/// The running thread and its block; set before a fiber resumes.
struct ThreadState {
  dim3 thread, block, block_size, grid_size;
  unsigned linear = 0;  ///< index within the block
};
extern thread_local ThreadState state;

/// The order in which the threads of a block resume; initially that of MATINEE_EMULATION_ORDER (rising, falling or
/// shuffled). A result that depends on it means that a barrier is missing.
enum class Order : std::uint8_t { kRising, kFalling, kShuffled };
void set_order(Order order);
Order current_order();

/// MATINEE_EMULATION_COUNT, or 0 if it is not set. If it is, the device has that many multiprocessors, operations and
/// copies do nothing, and memory is only counted, so that the memory of a large model is measured in seconds.
int counted_multiprocessors();

/// Waits for every thread of the block. The launch throws if one never arrives.
void wait_for_block();
/// The same; true for every thread if `mine` is true for any.
bool wait_for_any(bool mine);
/// Passes `bytes` (at most 64) of every lane to all lanes of the warp. Lane i's are at 64·i in the result, which is
/// valid until the exchange after the next.
const std::byte* exchange(const void* value, std::size_t bytes);
/// The dynamic shared memory of the launch; NaN at the start of every block.
void* dynamic_shared_memory();
/// The most dynamic shared memory of a block. What kernels declare as __shared__ is not counted.
std::size_t shared_bytes_of_block();

void run_grid(dim3 grid, dim3 block, std::size_t shared_bytes, const std::function<void()>& thread);
/// Runs the work now, or during capture adds it to the graph.
void issue(std::function<void()> work);
/// Queues work in a side stream, one from cudaStreamCreateWithPriority. It runs when someone waits for the stream, and
/// returns false if it never ends. Aborts unless the stream waits for everything issued before, which on a device would
/// be a race.
void issue_later(matinee_emulated_stream* stream, std::function<bool()> work);
/// Of the calling thread.
int current_device();
template <class... Parameters>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes, Parameters... arguments) {
  issue([=] { run_grid(grid, block, shared_bytes, [=] { kernel(arguments...); }); });
}

template <class T>
T lane_value(const std::byte* all, int lane) {
  T value;
  std::memcpy(&value, all + 64 * lane, sizeof value);
  return value;
}

/// The products and matrix loads of tensor cores, by the tables of the PTX ISA.
void mma_bf16(float c[4], const std::uint32_t a[4], const std::uint32_t b[2]);
void mma_int8(int c[4], const std::uint32_t a[4], const std::uint32_t b[2]);
void load_matrices(std::uint32_t to[4], const void* row, bool transposed);

/// Asynchronous copies to shared memory, which take place when they are waited for.
void copy_later(void* to, const void* from, std::size_t bytes);
void end_copy_group();
void wait_for_copies(int groups_left);

}  // namespace matinee::emulation

#define threadIdx (::matinee::emulation::state.thread)
#define blockIdx (::matinee::emulation::state.block)
#define blockDim (::matinee::emulation::state.block_size)
#define gridDim (::matinee::emulation::state.grid_size)

inline void __syncthreads() { ::matinee::emulation::wait_for_block(); }
inline int __syncthreads_or(int predicate) { return ::matinee::emulation::wait_for_any(predicate != 0) ? 1 : 0; }
inline void __syncwarp(unsigned = 0xffffffffu) {
  const char nothing = 0;
  ::matinee::emulation::exchange(&nothing, 1);
}
inline void __threadfence() {}
inline void __threadfence_block() {}

inline int matinee_lane() { return static_cast<int>(::matinee::emulation::state.linear % 32); }
template <class T>
T __shfl_sync(unsigned, T value, int lane, int width = 32) {
  const std::byte* all = ::matinee::emulation::exchange(&value, sizeof value);
  const int base = matinee_lane() / width * width;
  return ::matinee::emulation::lane_value<T>(all, base + (lane & (width - 1)));
}
template <class T>
T __shfl_xor_sync(unsigned, T value, int mask, int width = 32) {
  const std::byte* all = ::matinee::emulation::exchange(&value, sizeof value);
  const int lane = matinee_lane(), other = lane ^ mask;
  return ::matinee::emulation::lane_value<T>(all, other / width > lane / width ? lane : other);
}
template <class T>
T __shfl_down_sync(unsigned, T value, unsigned delta, int width = 32) {
  const std::byte* all = ::matinee::emulation::exchange(&value, sizeof value);
  const int lane = matinee_lane(), other = lane + static_cast<int>(delta);
  return ::matinee::emulation::lane_value<T>(all, other / width == lane / width ? other : lane);
}
template <class T>
T __shfl_up_sync(unsigned, T value, unsigned delta, int width = 32) {
  const std::byte* all = ::matinee::emulation::exchange(&value, sizeof value);
  const int lane = matinee_lane(), other = lane - static_cast<int>(delta);
  return ::matinee::emulation::lane_value<T>(all, other >= lane / width * width ? other : lane);
}
inline unsigned __ballot_sync(unsigned, int predicate) {
  const std::byte* all = ::matinee::emulation::exchange(&predicate, sizeof predicate);
  unsigned bits = 0;
  for (int lane = 0; lane < 32; ++lane) {
    bits |= static_cast<unsigned>(::matinee::emulation::lane_value<int>(all, lane) != 0) << lane;
  }
  return bits;
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) == 0xffffffffu; }

// For integers. Blocks run concurrently.
template <class T>
T atomicAdd(T* to, T value) {
  return __atomic_fetch_add(to, value, __ATOMIC_RELAXED);
}

inline float __uint_as_float(unsigned bits) { return std::bit_cast<float>(bits); }
inline unsigned __float_as_uint(float value) { return std::bit_cast<unsigned>(value); }
inline int __float_as_int(float value) { return std::bit_cast<int>(value); }
inline float __int_as_float(int bits) { return std::bit_cast<float>(bits); }
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<std::uint64_t>(a) * b >> 32);
}
inline unsigned __byte_perm(unsigned low, unsigned high, unsigned selector) {
  const std::uint64_t bytes = static_cast<std::uint64_t>(high) << 32 | low;
  unsigned result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    result |= static_cast<unsigned>(bytes >> 8 * (selector >> 4 * i & 7u) & 0xffu) << 8 * i;
  }
  return result;
}
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __popcll(unsigned long long bits) { return __builtin_popcountll(bits); }
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline int __ffsll(long long bits) { return __builtin_ffsll(bits); }
inline int __clz(int bits) { return bits == 0 ? 32 : __builtin_clz(static_cast<unsigned>(bits)); }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float x) { return std::sqrt(x); }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline int __float2int_rn(float x) { return static_cast<int>(std::nearbyint(x)); }
template <class T>
T __ldg(const T* from) {
  return *from;
}
template <class T>
T __ldcs(const T* from) {
  return *from;
}
template <class T>
void __stcs(T* to, T value) {
  *to = value;
}

// The part of the runtime that kernels/cuda uses.
using cudaStream_t = matinee_emulated_stream*;
using cudaEvent_t = struct matinee_emulated_event*;
enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorMemoryAllocation = 2,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorNotReady = 600
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum cudaDeviceAttr {
  cudaDevAttrMultiProcessorCount,
  cudaDevAttrComputeCapabilityMajor,
  cudaDevAttrMaxSharedMemoryPerBlockOptin
};
inline constexpr unsigned cudaEventDisableTiming = 2;
inline constexpr unsigned cudaStreamNonBlocking = 1;
const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int index);
cudaError_t cudaSetDevice(int index);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
cudaError_t cudaMalloc(void** memory, std::size_t bytes);
cudaError_t cudaFree(void* memory);
cudaError_t cudaMallocHost(void** memory, std::size_t bytes);
cudaError_t cudaFreeHost(void* memory);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end);
cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest);
cudaError_t cudaEventQuery(cudaEvent_t event);
cudaError_t cudaDeviceGetPCIBusId(char* text, int size, int index);
using cudaGraph_t = struct matinee_emulated_graph*;
using cudaGraphExec_t = struct matinee_emulated_graph*;
enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal };
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable);
