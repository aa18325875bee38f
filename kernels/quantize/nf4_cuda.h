#pragma once

// NF4 on the device: its tables, as a kernel takes them, and the scale of a block.

#include "kernels/cuda/device_code.h"
#include "kernels/quantize/quantize.h"

namespace matinee {

struct Nf4Tables {
  float values[16];
  float dynamic[256];
};
/// kNf4Values and dynamic_8bit_values().
Nf4Tables nf4_tables();

/// Brings them to shared memory; every thread of the block has to call it and see a barrier before it reads.
__device__ inline void load_tables(const Nf4Tables& given, Nf4Tables& shared) {
  for (unsigned i = threadIdx.x; i < 16; i += blockDim.x) shared.values[i] = given.values[i];
  for (unsigned i = threadIdx.x; i < 256; i += blockDim.x) shared.dynamic[i] = given.dynamic[i];
}

/// What the values of a block are multiplied with; each operation is rounded, as the CPU does it.
__device__ inline float nf4_absmax(const Nf4Scales& scales, const Nf4Tables& tables, std::int64_t block) {
  return __fadd_rn(__fmul_rn(tables.dynamic[scales.absmax_codes[block]], scales.absmax_scales[block / kAbsmaxBlock]),
                   scales.absmax_offset);
}

/// Code of an element: the upper half of its byte for even ones.
__device__ inline unsigned nf4_code(const std::uint8_t* codes, std::int64_t element) {
  return element % 2 == 0 ? codes[element / 2] >> 4 : codes[element / 2] & 15u;
}
/// Where in a word of eight codes, as it lies in memory, the code of element `i` begins.
__device__ constexpr int nf4_shift(int i) { return i / 2 * 8 + (i % 2 == 0 ? 4 : 0); }

}  // namespace matinee
