#pragma once

// The counter-based generator Philox4x32-10 on the device; lib/base/random.h has the host's. Salmon et al. 2011,
// "Parallel random numbers: as easy as 1, 2, 3", SC'11.

#include "kernels/cuda/device_code.h"

namespace matinee {

/// Replaces the counter by 128 random bits, a function of counter and key.
__device__ inline void philox4x32(std::uint32_t (&counter)[4], std::uint32_t key0, std::uint32_t key1) {
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const std::uint32_t high0 = __umulhi(counter[0], 0xD2511F53u), low0 = counter[0] * 0xD2511F53u;
    const std::uint32_t high1 = __umulhi(counter[2], 0xCD9E8D57u), low1 = counter[2] * 0xCD9E8D57u;
    counter[0] = high1 ^ counter[1] ^ key0;
    counter[1] = low1;
    counter[2] = high0 ^ counter[3] ^ key1;
    counter[3] = low0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

}  // namespace matinee
