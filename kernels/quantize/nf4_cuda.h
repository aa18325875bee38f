#pragma once

// NF4 on the device: its tables, codes and scales.

#include "kernels/cuda/device_code.h"
#include "kernels/quantize/quantize.h"

namespace matinee {

struct Nf4Tables {
  float values[16];
  float dynamic[256];
};
/// kNf4Values and dynamic_8bit_values(), as kernel arguments.
Nf4Tables nf4_tables();

/// Copies the tables to shared memory. Every thread of the block must call it; a barrier must follow.
__device__ inline void load_tables(const Nf4Tables& given, Nf4Tables& shared) {
  for (unsigned i = threadIdx.x; i < 16; i += blockDim.x) shared.values[i] = given.values[i];
  for (unsigned i = threadIdx.x; i < 256; i += blockDim.x) shared.dynamic[i] = given.dynamic[i];
}

/// The scale of a block of elements. Every operation is rounded separately, as on the CPU.
__device__ inline float nf4_absmax(const Nf4Scales& scales, const Nf4Tables& tables, std::int64_t block) {
  return __fadd_rn(__fmul_rn(tables.dynamic[scales.absmax_codes[block]], scales.absmax_scales[block / kAbsmaxBlock]),
                   scales.absmax_offset);
}

/// The code of an element: the upper half of its byte for even elements.
__device__ inline unsigned nf4_code(const std::uint8_t* codes, std::int64_t element) {
  return element % 2 == 0 ? codes[element / 2] >> 4 : codes[element / 2] & 15u;
}
/// The first bit of the code of element i in a little-endian word of eight codes.
__device__ constexpr int nf4_shift(int i) { return i / 2 * 8 + (i % 2 == 0 ? 4 : 0); }

}  // namespace matinee
