#pragma once

// Tensor core products and asynchronous copies of compute capability 8.0 (PTX ISA, "Warp Level Matrix Instructions" and
// "cp.async"). All lanes of a warp call the former together. Of a fragment, lane 4·g + t (g = 0 ... 7, t = 0 ... 3)
// holds:
//   a of a 16×16 product: a[0] = (g, 2t..2t+1), a[1] = (g + 8, 2t..), a[2] = (g, 2t + 8..), a[3] = (g + 8, 2t + 8..)
//   b (16×8, column by column): b[0] = (2t..2t+1, g), b[1] = (2t + 8.., g)
//   c (16×8): c[0], c[1] = (g, 2t), (g, 2t + 1); c[2], c[3] = (g + 8, the same)

#include "kernels/cuda/device_code.h"

namespace matinee {

/// c += a·b, a 16×16 and b 16×8 in bfloat16, c in float32.
__device__ inline void mma_bf16(float c[4], const std::uint32_t a[4], const std::uint32_t b[2]) {
#ifdef MATINEE_CUDA_EMULATION
  emulation::mma_bf16(c, a, b);
#else
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

/// c += a·b, a 16×32 and b 32×8 in int8, c in int32. A register holds four consecutive elements along the sum:
/// a[0] = (g, 4t..4t+3), a[1] = (g + 8, 4t..), a[2] = (g, 4t + 16..), a[3] = (g + 8, 4t + 16..);
/// b[0] = (4t.., g), b[1] = (4t + 16.., g).
__device__ inline void mma_int8(int c[4], const std::uint32_t a[4], const std::uint32_t b[2]) {
#ifdef MATINEE_CUDA_EMULATION
  emulation::mma_int8(c, a, b);
#else
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

/// Loads four 8×8 matrices of 16-bit elements from shared memory. Lane 8·i + r passes the address of row r of matrix i,
/// aligned to 16 bytes; lane 4·g + t receives elements (g, 2t..2t+1) of matrix i in to[i].
__device__ inline void load_matrices(std::uint32_t to[4], const void* row) {
#ifdef MATINEE_CUDA_EMULATION
  emulation::load_matrices(to, row, false);
#else
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address)
               : "memory");
#endif
}
/// The same with each matrix transposed: lane 4·g + t receives elements (2t, g) and (2t + 1, g).
__device__ inline void load_matrices_transposed(std::uint32_t to[4], const void* row) {
#ifdef MATINEE_CUDA_EMULATION
  emulation::load_matrices(to, row, true);
#else
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address)
               : "memory");
#endif
}

/// Starts to copy 16 bytes from device memory to shared memory, both aligned to 16 bytes.
__device__ inline void copy_async(void* to, const void* from) {
#ifdef MATINEE_CUDA_EMULATION
  emulation::copy_later(to, from, 16);
#else
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(address), "l"(from) : "memory");
#endif
}
/// Closes this thread's group of copies started since the last call.
__device__ inline void end_copy_group() {
#ifdef MATINEE_CUDA_EMULATION
  emulation::end_copy_group();
#else
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
/// Waits until at most the kLeft youngest groups of this thread are incomplete. A barrier must follow before other
/// threads read what was copied.
template <int kLeft>
__device__ inline void wait_for_copies() {
#ifdef MATINEE_CUDA_EMULATION
  emulation::wait_for_copies(kLeft);
#else
  asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
#endif
}

}  // namespace matinee
