#pragma once

// Tiles of the factors of a LoRA product in shared memory. What the next step needs, up to 48 KB, is copied to a
// staging area while the current step is multiplied; then it is rounded to bfloat16 if necessary and stored as a tile,
// whose rows are padded by 16 bytes so that matrix loads have no bank conflicts. For MatmulPrecision::kF32 tiles are
// float32.

#include "kernels/cuda/tensor_core.h"
#include "kernels/cuda/vector_access.h"
#include "kernels/lora_matmul/lora_dropout_cuda.h"

namespace matinee::lora {

/// The layout of an operand in memory: rows along the sum ([outer][sum]) or across it ([sum][outer]).
enum class Rows : std::uint8_t { kAlongSum, kAcrossSum };

/// A factor of a product: float32, or bfloat16 as bits.
struct Operand {
  const void* data = nullptr;
  std::int64_t outer = 0, ld = 0;
  bool aligned = false;  ///< every row begins at a multiple of 16 bytes
};

/// A tile of kOuters × kStep elements of an operand of T. A thread moves it in packs of 16 bytes.
template <class T, int kOuters, int kStep, Rows kRowsAre, bool kBf16>
struct TileShape {
  using Element = T;
  static constexpr bool kAlong = kRowsAre == Rows::kAlongSum;
  static constexpr int kRows = kAlong ? kOuters : kStep;
  static constexpr int kColumns = kAlong ? kStep : kOuters;
  static constexpr int kPack = 16 / static_cast<int>(sizeof(T));
  static constexpr int kAcross = kColumns / kPack, kPacks = kRows * kAcross, kRowStep = kThreads / kAcross;
  static constexpr int kTurns = (kPacks + kThreads - 1) / kThreads;  ///< packs of a thread, one less for some
  static_assert(kRowStep * kAcross == kThreads, "a thread's packs are in one column");
  static constexpr int kStagingBytes = kPacks * 16;
  /// Elements of a row in shared memory.
  static constexpr int kStride = kBf16 ? kColumns + 8 : kAlong ? kColumns + 2 : kColumns + 4;
  static constexpr int kBytes = kRows * kStride * (kBf16 ? 2 : 4);
};

/// The first `n` elements of a pack, and 0 for the others.
__device__ inline void load_pack(uint4* to, const float* from, std::int64_t n) {
  *reinterpret_cast<float4*>(to) = load_single<std::int64_t>(from, 0, n);
}
__device__ inline void load_pack(uint4* to, const std::uint16_t* from, std::int64_t n) {
  unsigned words[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    words[i] = (2 * i < n ? from[2 * i] : 0u) | (2 * i + 1 < n ? static_cast<unsigned>(from[2 * i + 1]) << 16 : 0u);
  }
  *to = make_uint4(words[0], words[1], words[2], words[3]);
}

/// Starts to copy the tile from outer index `outer` and sum index `k` on to `staging` [kPacks]; 0 past the operand and
/// past k_end. Each thread copies the packs that it passes to store_tile(), so no barrier is needed in between.
template <class Shape>
__device__ void fetch_tile(uint4* staging, const Operand& from, std::int64_t outer, std::int64_t k,
                           std::int64_t k_end) {
  using T = typename Shape::Element;
  constexpr bool kAlong = Shape::kAlong;
  const std::int64_t row = (kAlong ? outer : k) + static_cast<int>(threadIdx.x) / Shape::kAcross;
  const std::int64_t column = (kAlong ? k : outer) + static_cast<int>(threadIdx.x) % Shape::kAcross * Shape::kPack;
  const std::int64_t rows_left = (kAlong ? from.outer : k_end) - row,
                     columns_left = (kAlong ? k_end : from.outer) - column;
  const T* place = static_cast<const T*>(from.data) + row * from.ld + column;
#pragma unroll
  for (int i = 0; i < Shape::kTurns; ++i) {
    const int at = static_cast<int>(threadIdx.x) + i * kThreads;
    if (Shape::kPacks % kThreads != 0 && at >= Shape::kPacks) break;
    const bool there = i * Shape::kRowStep < rows_left;
    if (there && from.aligned && columns_left >= Shape::kPack) {
      copy_async(staging + at, place);
    } else {
      load_pack(staging + at, place, there ? columns_left : 0);
    }
    place += Shape::kRowStep * from.ld;
  }
}

/// Stores the fetched packs as a tile. wait_for_copies() must come before, a barrier after.
template <class Shape, bool kBf16>
__device__ void store_tile(void* tile, const uint4* staging) {
  const int first_row = static_cast<int>(threadIdx.x) / Shape::kAcross;
  const int column = static_cast<int>(threadIdx.x) % Shape::kAcross * Shape::kPack;
#pragma unroll 4
  for (int i = 0; i < Shape::kTurns; ++i) {
    const int at = static_cast<int>(threadIdx.x) + i * kThreads;
    if (Shape::kPacks % kThreads != 0 && at >= Shape::kPacks) break;
    const int place = (first_row + i * Shape::kRowStep) * Shape::kStride + column;
    if constexpr (sizeof(typename Shape::Element) == 2) {
      static_assert(kBf16, "bfloat16 is not widened");
      *reinterpret_cast<uint4*>(static_cast<std::uint16_t*>(tile) + place) = staging[at];
    } else {
      const float4 four = *reinterpret_cast<const float4*>(staging + at);
      if constexpr (kBf16) {
        *reinterpret_cast<uint2*>(static_cast<std::uint16_t*>(tile) + place) =
            make_uint2(bf16_pair(four.x, four.y), bf16_pair(four.z, four.w));
      } else {
        float* to = static_cast<float*>(tile) + place;
        to[0] = four.x;
        to[1] = four.y;
        to[2] = four.z;
        to[3] = four.w;
      }
    }
  }
}

}  // namespace matinee::lora
