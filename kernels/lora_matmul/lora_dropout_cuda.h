#pragma once

// Dropout of LoRA inputs on the device. A Philox block decides about eight elements that are eight columns apart
// (lora_dropout.cc), so a mask is drawn with one call per eight elements and held as one byte for them, in shared
// memory.

#include "kernels/cuda/philox.h"
#include "kernels/lora_matmul/lora_dropout.h"

namespace matinee::lora {

/// The 16 random bits of each of the eight elements of a row that one Philox block decides about.
struct DropoutBits {
  std::uint32_t words[4];

  __device__ DropoutBits(std::uint64_t key, std::int64_t row, std::uint32_t block)
      : words{block, static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(static_cast<std::uint64_t>(row) >> 32),
              kLoraDropoutTag} {
    philox4x32(words, static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32));
  }
  __device__ std::uint32_t of(int j) const { return words[j / 2] >> 16 * (j % 2) & 0xffffu; }
};

/// LoraDropout as the kernels of lora_matmul take it.
struct Dropout {
  bool drops = false;
  std::uint32_t threshold = 0;  ///< an element with fewer random bits is dropped
  float factor = 1;             ///< of elements that are kept
  std::uint64_t key = 0;
  std::int64_t first_row = 0;
};

inline constexpr int kThreads = 256;   ///< of a block of lora_matmul
inline constexpr int kKeptPitch = 68;  ///< bytes between groups of a transposed mask: no bank conflicts
inline constexpr int kKeptBytes = 16 * kKeptPitch;

/// Draws the mask of kRows × kColumns elements of x from (row, column) on; `column` is a multiple of 64. Bit j of byte
/// (row, 8·group + c) belongs to column 64·group + 8·j + c and is 1 if the element is kept. The bytes of a row are
/// contiguous, or with kTransposed those of one (group, c), kKeptPitch apart.
template <int kRows, int kColumns, bool kTransposed>
__device__ void draw_mask(const Dropout& dropout, std::int64_t row, std::int64_t column, std::uint8_t* kept) {
  constexpr int kBytesOfRow = kColumns / 8;
  static_assert(kTransposed ? kBytesOfRow * kKeptPitch <= kKeptBytes && kRows <= kKeptPitch
                            : kRows * kBytesOfRow <= kKeptBytes);
#pragma unroll 1
  for (int i = 0; i < kRows * kBytesOfRow / kThreads; ++i) {
    const int at = static_cast<int>(threadIdx.x) + i * kThreads;
    const int r = kTransposed ? at % kRows : at / kBytesOfRow,
              byte_of_row = kTransposed ? at / kRows : at % kBytesOfRow;
    const DropoutBits bits(dropout.key, dropout.first_row + row + r,
                           static_cast<std::uint32_t>(column / 8) + static_cast<std::uint32_t>(byte_of_row));
    unsigned byte = 0;
#pragma unroll
    for (int j = 0; j < 8; ++j) byte |= bits.of(j) < dropout.threshold ? 0u : 1u << j;
    kept[kTransposed ? byte_of_row * kKeptPitch + r : at] = static_cast<std::uint8_t>(byte);
  }
}

/// Two consecutive bytes of a mask; `kept` is even.
__device__ inline unsigned two_bytes(const std::uint8_t* kept) { return *reinterpret_cast<const std::uint16_t*>(kept); }

/// The mask of a pair of bfloat16 values: 16 ones for each that is kept. Bit `bit` of the lower byte is the lower
/// value's.
__device__ inline std::uint32_t mask_of_pair(unsigned bytes, int bit) {
#ifdef MATINEE_CUDA_EMULATION
  return ((bytes >> bit & 1u) != 0 ? 0xffffu : 0u) | ((bytes >> (bit + 8) & 1u) != 0 ? 0xffff0000u : 0u);
#else
  // Shifts the bits to the signs of their bytes; prmt then replicates each sign over two bytes.
  std::uint32_t mask;
  asm("prmt.b32 %0, %1, 0, 0x9988;" : "=r"(mask) : "r"(bytes << (7 - bit)));
  return mask;
#endif
}

}  // namespace matinee::lora
