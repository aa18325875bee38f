#pragma once

// The one kernel behind all six products of LoRA layers. Each has a side as narrow as the ranks, so each is bound by
// memory: what counts is that the wide matrix (x, grad_y, y or grad_x) passes once, in whole lines, with many of them
// on their way.
//
// Adapters that share an x are one product: their factors lie one after another (Parts), each from a multiple of 16 on,
// which is as many columns as a tensor core's product has. What differs is the mask that drops out of x.
//
// A block of 256 threads computes a tile of 128 × kN of the result; a step takes kStep numbers along the sum. What the
// next step needs, up to 48 KB, is copied to shared memory while this one is multiplied; then it is rounded to bfloat16
// where it is not yet, and stored to a tile whose rows are 16 bytes longer than their contents so that the loads of
// matrices meet no bank twice. A warp multiplies 16 rows with all kN columns on the tensor cores (m16n8k16). For
// MatmulPrecision::kF32 the same tiles are float32 and multiplied by plain FMA.
//
// Dropout: a Philox block decides about eight elements that lie eight columns apart (lora_dropout.cc), so a tile's
// 8,192 decisions are made by 1,024 calls, four a thread, into a kilobyte of shared memory for each mask: a byte for
// each eight elements. The tile of x is one for all adapters; the bits become masks of the registers it is multiplied
// from, and what is kept grows by 1 / (1 - p) after the sum.
//
// The result is either added to a matrix that is read and written once, or, where the sum is long, parts of it over
// ranges of the sum go to scratch memory, and another kernel adds them in order.

#include <type_traits>

#include "kernels/cuda/philox.h"
#include "kernels/cuda/tensor_core.h"
#include "kernels/cuda/vector_access.h"
#include "kernels/lora_matmul/lora_dropout.h"

namespace matinee::lora {

inline constexpr int kThreads = 256;
inline constexpr int kM = 128;
inline constexpr int kPiece = 16;      // columns that one mask is for, at least
inline constexpr int kKeptPitch = 68;  // bytes between groups of decisions that lie along rows: no bank conflicts
inline constexpr int kKeptBytes = 16 * kKeptPitch;
inline constexpr int kMaxRuns = static_cast<int>(kMaxLoraParts);

/// How an operand lies in memory: rows along the sum ([outer][sum]), or rows across it ([sum][outer]).
enum class Rows : std::uint8_t { kAlongSum, kAcrossSum };

struct Dropout {
  bool drops = false;
  std::uint32_t threshold = 0;  ///< of 16 bits; less is dropped
  float factor = 1;             ///< of what is kept
  std::uint64_t key = 0;
  std::int64_t first_row = 0;
};

/// Columns of the narrow side from `begin` on, a multiple of kPiece, up to the next run's share a mask.
struct Run {
  std::int64_t begin = 0;
  Dropout dropout = {};
};

/// A factor: float32, or bfloat16 as bits.
struct Operand {
  const void* data = nullptr;
  std::int64_t outer = 0, ld = 0;
  bool aligned = false;  ///< every row begins at 16 bytes
};

/// c(m, n) = Σ_k a(m, k)·b(n, k), m < a.outer, n < b.outer, k < inner. With kAdd, c += scaling·(the sums over each run
/// along k, dropped out as an element (m, n) of x); else c takes the sum over each range of `inner_of_part` on its own,
/// with the elements of a, as those of x, dropped that the run of n drops, but without their factor.
struct Product {
  Operand a = {}, b = {};
  std::int64_t inner = 0;
  std::int64_t inner_of_part = 0;  ///< a multiple of the step
  float* c = nullptr;
  std::int64_t c_m = 0, c_n = 0, c_part = 0;  ///< floats from one m, n, part to the next
  bool c_pairs = false;                       ///< c_n is 1, and pairs from even n on begin at 8 bytes
  float scaling = 1;
  int n_runs = 1;
  Run runs[kMaxRuns] = {};
};

/// A tile of an operand of T: as it lies in memory, and how a thread takes it, 16 bytes at a time.
template <class T, int kOuters, int kStep, Rows kRowsAre, bool kBf16>
struct TileShape {
  using Element = T;
  static constexpr bool kAlong = kRowsAre == Rows::kAlongSum;
  static constexpr int kRows = kAlong ? kOuters : kStep;
  static constexpr int kColumns = kAlong ? kStep : kOuters;
  static constexpr int kPack = 16 / static_cast<int>(sizeof(T));
  static constexpr int kAcross = kColumns / kPack, kPacks = kRows * kAcross, kRowStep = kThreads / kAcross;
  static constexpr int kTurns = (kPacks + kThreads - 1) / kThreads;  ///< packs of a thread; of some threads one less
  static_assert(kRowStep * kAcross == kThreads, "a thread's packs lie in one column");
  static constexpr int kRoomBytes = kPacks * 16;
  /// Elements of a row in shared memory.
  static constexpr int kStride = kBf16 ? kColumns + 8 : kAlong ? kColumns + 2 : kColumns + 4;
  static constexpr int kBytes = kRows * kStride * (kBf16 ? 2 : 4);
};

/// Decides about kRows × kColumns elements of x from (row, column) on, a multiple of 64 columns. Bit j of the byte at
/// (row, 8·group + c) is column 64·group + 8·j + c: 1 where it is kept. Bytes of one row lie side by side, or with
/// kTurned those of one (group, c).
template <int kRows, int kColumns, bool kTurned>
__device__ void decide(const Dropout& dropout, std::int64_t row, std::int64_t column, std::uint8_t* kept) {
  constexpr int kBytesOfRow = kColumns / 8;
  static_assert(kTurned ? kBytesOfRow * kKeptPitch <= kKeptBytes && kRows <= kKeptPitch
                        : kRows * kBytesOfRow <= kKeptBytes);
#pragma unroll 1
  for (int i = 0; i < kRows * kBytesOfRow / kThreads; ++i) {
    const int at = static_cast<int>(threadIdx.x) + i * kThreads;
    const int r = kTurned ? at % kRows : at / kBytesOfRow, byte_of_row = kTurned ? at / kRows : at % kBytesOfRow;
    const auto whole_row = static_cast<std::uint64_t>(dropout.first_row + row + r);
    std::uint32_t words[4] = {static_cast<std::uint32_t>(column / 8) + static_cast<std::uint32_t>(byte_of_row),
                              static_cast<std::uint32_t>(whole_row), static_cast<std::uint32_t>(whole_row >> 32),
                              kLoraDropoutTag};
    philox4x32(words, static_cast<std::uint32_t>(dropout.key), static_cast<std::uint32_t>(dropout.key >> 32));
    unsigned byte = 0;
#pragma unroll
    for (int j = 0; j < 8; ++j) {
      byte |= (words[j / 2] >> 16 * (j % 2) & 0xffffu) < dropout.threshold ? 0u : 1u << j;
    }
    kept[kTurned ? byte_of_row * kKeptPitch + r : at] = static_cast<std::uint8_t>(byte);
  }
}

/// Two neighboring bytes of decisions; the first of them lies at an even place.
__device__ inline unsigned two_bytes(const std::uint8_t* kept) { return *reinterpret_cast<const std::uint16_t*>(kept); }

/// Of a pair of bfloat16 numbers the bits that stay: bit `bit` of the lower byte decides about the lower number.
__device__ inline std::uint32_t mask_of_pair(unsigned bytes, int bit) {
#ifdef MATINEE_CUDA_EMULATION
  return ((bytes >> bit & 1u) != 0 ? 0xffffu : 0u) | ((bytes >> (bit + 8) & 1u) != 0 ? 0xffff0000u : 0u);
#else
  // The bits become the signs of their bytes, which are copied all over two bytes each.
  std::uint32_t mask;
  asm("prmt.b32 %0, %1, 0, 0x9988;" : "=r"(mask) : "r"(bytes << (7 - bit)));
  return mask;
#endif
}

/// The first `n` elements of a pack, the others 0, where it cannot be copied as a whole.
__device__ inline void load_pack(uint4* to, const float* from, std::int64_t n) {
  float four[4];
  load_four(four, from, n, false);
  *reinterpret_cast<float4*>(to) = make_float4(four[0], four[1], four[2], four[3]);
}
__device__ inline void load_pack(uint4* to, const std::uint16_t* from, std::int64_t n) {
  unsigned words[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    words[i] = (2 * i < n ? from[2 * i] : 0u) | (2 * i + 1 < n ? static_cast<unsigned>(from[2 * i + 1]) << 16 : 0u);
  }
  *to = make_uint4(words[0], words[1], words[2], words[3]);
}

/// Brings the tile from outer index `outer` and sum index `k` on; 0 beyond the operand and `k_end`. Each thread fetches
/// what it takes afterward, into `room` [kPacks] in shared memory, and nobody else looks at that.
template <class Shape>
__device__ void fetch_tile(uint4* room, const Operand& from, std::int64_t outer, std::int64_t k, std::int64_t k_end) {
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
      copy_async(room + at, place);
    } else {
      load_pack(room + at, place, there ? columns_left : 0);
    }
    place += Shape::kRowStep * from.ld;
  }
}

/// What was fetched becomes a tile.
template <class Shape, bool kBf16>
__device__ void store_tile(void* tile, const uint4* room) {
  const int first_row = static_cast<int>(threadIdx.x) / Shape::kAcross;
  const int column = static_cast<int>(threadIdx.x) % Shape::kAcross * Shape::kPack;
#pragma unroll 4
  for (int i = 0; i < Shape::kTurns; ++i) {
    const int at = static_cast<int>(threadIdx.x) + i * kThreads;
    if (Shape::kPacks % kThreads != 0 && at >= Shape::kPacks) break;
    const int place = (first_row + i * Shape::kRowStep) * Shape::kStride + column;
    if constexpr (sizeof(typename Shape::Element) == 2) {
      static_assert(kBf16, "what is bfloat16 stays it");
      *reinterpret_cast<uint4*>(static_cast<std::uint16_t*>(tile) + place) = room[at];
    } else {
      const float4 four = *reinterpret_cast<const float4*>(room + at);
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

/// The masks that elements of a are multiplied under: piece i of the columns has that of piece `owners` >> 4·i & 15,
/// the first of its run in the tile, or none where that is kNoMask.
inline constexpr unsigned kNoMask = 15;
struct Masks {
  unsigned owners = ~0u;
  const std::uint8_t* kept = nullptr;  ///< kKeptBytes for each piece

  __device__ unsigned owner(int piece) const { return owners >> 4 * piece & 15u; }
  __device__ const std::uint8_t* of(unsigned owner) const { return kept + owner * kKeptBytes; }
};

__device__ inline int run_of(const Product& p, std::int64_t column) {
  int run = 0;
  while (run + 1 < p.n_runs && p.runs[run + 1].begin <= column) ++run;
  return run;
}

/// What a thread has of the tile of the result: kI × kJ pairs of neighbors; row(i), column(j) is where a pair begins.
/// add() takes 16 numbers along the sum, from k of the tiles on.
template <bool kBf16, int kN>
struct Sums;

template <int kN>
struct Sums<true, kN> {
  static constexpr int kI = 2, kJ = kN / 8;
  float c[kN / 8][4] = {};

  __device__ static int row(int i) { return static_cast<int>(threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4) + 8 * i; }
  __device__ static int column(int j) { return 8 * j + static_cast<int>(threadIdx.x % 4) * 2; }
  __device__ float& value(int i, int j, int which) { return c[j][2 * i + which]; }

  /// The fragment of a from k on under a mask.
  template <class ShapeA>
  __device__ static void drop(std::uint32_t (&masked)[4], const std::uint32_t (&a)[4], const std::uint8_t* kept,
                              int k) {
    const int t = static_cast<int>(threadIdx.x % 4) * 2;
    if constexpr (ShapeA::kAlong) {
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const unsigned bytes = two_bytes(kept + row(i) * 8 + t);
        masked[i] = a[i] & mask_of_pair(bytes, k / 8);
        masked[2 + i] = a[2 + i] & mask_of_pair(bytes, k / 8 + 1);
      }
    } else {
      const int group = row(0) / 64, bit = row(0) % 64 / 8, c = row(0) % 8;
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const unsigned bytes = two_bytes(kept + (8 * group + c) * kKeptPitch + k + 8 * i + t);
        masked[2 * i] = a[2 * i] & mask_of_pair(bytes, bit);
        masked[2 * i + 1] = a[2 * i + 1] & mask_of_pair(bytes, bit + 1);
      }
    }
  }

  template <class ShapeA, class ShapeB, bool kMayDrop>
  __device__ void add(const void* a_tile, const void* b_tile, int k, const Masks& masks) {
    constexpr int kAStride = ShapeA::kStride, kBStride = ShapeB::kStride;
    const auto* a = static_cast<const std::uint16_t*>(a_tile);
    const auto* b = static_cast<const std::uint16_t*>(b_tile);
    // Lane 8·matrix + r addresses row r of a matrix of 8 × 8. a's are in the order (m, k), (m + 8, k), (m, k + 8), ...;
    // b's in the order (n, k), (n, k + 8), (n + 8, k), ...
    const int lane = static_cast<int>(threadIdx.x % 32), first_row = static_cast<int>(threadIdx.x / 32) * 16;
    const int r = lane % 8, low = lane / 8 % 2 * 8, high = lane / 16 * 8;
    std::uint32_t fa[4], masked[4];
    if constexpr (ShapeA::kAlong) {
      load_matrices(fa, a + (first_row + low + r) * kAStride + k + high);
    } else {
      load_matrices_transposed(fa, a + (k + high + r) * kAStride + first_row + low);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) masked[i] = fa[i];
#pragma unroll
    for (int n = 0; n < kN; n += 16) {
      if constexpr (kMayDrop) {
        const unsigned owner = masks.owner(n / kPiece);
        if (n == 0 || owner != masks.owner(n / kPiece - 1)) {
          if (owner != kNoMask) {
            drop<ShapeA>(masked, fa, masks.of(owner), k);
          } else {
#pragma unroll
            for (int i = 0; i < 4; ++i) masked[i] = fa[i];
          }
        }
      }
      std::uint32_t fb[4];
      if constexpr (ShapeB::kAlong) {
        load_matrices(fb, b + (n + high + r) * kBStride + k + low);
      } else {
        load_matrices_transposed(fb, b + (k + low + r) * kBStride + n + high);
      }
      mma_bf16(c[n / 8], masked, fb);
      mma_bf16(c[n / 8 + 1], masked, fb + 2);
    }
  }
};

template <int kN>
struct Sums<false, kN> {
  static constexpr int kPairs = kN / 2 < 16 ? kN / 2 : 16;  // side by side
  static constexpr int kDown = kThreads / kPairs;
  static constexpr int kI = kM / kDown, kJ = kN / (2 * kPairs);
  float c[kI][kJ][2] = {};

  __device__ static int row(int i) { return static_cast<int>(threadIdx.x) / kPairs + kDown * i; }
  __device__ static int column(int j) { return (static_cast<int>(threadIdx.x) % kPairs + kPairs * j) * 2; }
  __device__ float& value(int i, int j, int which) { return c[i][j][which]; }

  template <class Shape>
  __device__ static float element(const void* tile, int outer, int k) {
    const auto* values = static_cast<const float*>(tile);
    return Shape::kAlong ? values[outer * Shape::kStride + k] : values[k * Shape::kStride + outer];
  }
  template <class ShapeA>
  __device__ static bool is_kept(const std::uint8_t* kept, int outer, int k) {
    if constexpr (ShapeA::kAlong) return (kept[outer * 8 + k % 8] >> k / 8 & 1u) != 0;
    return (kept[(outer / 64 * 8 + outer % 8) * kKeptPitch + k] >> outer % 64 / 8 & 1u) != 0;
  }

  template <class ShapeA, class ShapeB, bool kMayDrop>
  __device__ void add(const void* a_tile, const void* b_tile, int first, const Masks& masks) {
#pragma unroll 4
    for (int k = first; k < first + 16; ++k) {
      float a[kI];
#pragma unroll
      for (int i = 0; i < kI; ++i) a[i] = element<ShapeA>(a_tile, row(i), k);
#pragma unroll
      for (int j = 0; j < kJ; ++j) {
        const float b0 = element<ShapeB>(b_tile, column(j), k), b1 = element<ShapeB>(b_tile, column(j) + 1, k);
        const unsigned owner = kMayDrop ? masks.owner(column(j) / kPiece) : kNoMask;
#pragma unroll
        for (int i = 0; i < kI; ++i) {
          const float kept = owner == kNoMask || is_kept<ShapeA>(masks.of(owner), row(i), k) ? a[i] : 0.0f;
          c[i][j][0] += kept * b0;
          c[i][j][1] += kept * b1;
        }
      }
    }
  }
};

/// What the kernel is made for: the numbers it multiplies, the columns of its tile, the length of a step, and operands
/// of TA and TB.
template <bool kBf16Product, int kColumnsOfTile, int kLengthOfStep, class TA, Rows kA, class TB, Rows kB>
struct Tiles {
  static constexpr bool kBf16 = kBf16Product;
  static constexpr int kN = kColumnsOfTile, kStep = kLengthOfStep;
  using A = TileShape<TA, kM, kStep, kA, kBf16>;
  using B = TileShape<TB, kN, kStep, kB, kBf16>;
  static constexpr std::size_t kSharedBytes = A::kRoomBytes + B::kRoomBytes + A::kBytes + B::kBytes;
  static_assert(kSharedBytes + kN / kPiece * 2 * kKeptBytes <= 99 * 1024, "what a block has on compute capability 8.6");
};

/// A tile is of kM × kN from (m, n) on, and of one part of the sum. With kMayDrop, dropouts count.
template <class Tile, bool kAdd, bool kMayDrop>
__device__ void multiply_tile(const Product& p, std::int64_t m, std::int64_t n, std::int64_t part) {
  using ShapeA = typename Tile::A;
  using ShapeB = typename Tile::B;
  using SumsOfTile = Sums<Tile::kBf16, Tile::kN>;
  constexpr int kN = Tile::kN, kStep = Tile::kStep;
  // Decisions of each run that is added; or of each piece of the columns, of two steps.
  constexpr int kPieces = kN / kPiece, kKept = kAdd ? kMaxRuns : 2 * kPieces;
  __shared__ unsigned kept_words[kMayDrop ? kKept * kKeptBytes / 4 : 1];
  auto* kept = reinterpret_cast<std::uint8_t*>(kept_words);
  auto* a_room = dynamic_shared<std::uint8_t>();
  std::uint8_t* b_room = a_room + ShapeA::kRoomBytes;
  std::uint8_t* a_tile = b_room + ShapeB::kRoomBytes;
  std::uint8_t* b_tile = a_tile + ShapeA::kBytes;
  const std::int64_t k_begin = part * p.inner_of_part;
  const std::int64_t k_end = k_begin + p.inner_of_part < p.inner ? k_begin + p.inner_of_part : p.inner;

  const auto fetch = [&](std::int64_t k) {
    fetch_tile<ShapeA>(reinterpret_cast<uint4*>(a_room), p.a, m, k, k_end);
    fetch_tile<ShapeB>(reinterpret_cast<uint4*>(b_room), p.b, n, k, k_end);
    end_copy_group();
  };
  fetch(k_begin);
  float* c = p.c + part * p.c_part + m * p.c_m + n * p.c_n;
  const std::int64_t rows_left = p.a.outer - m, columns_left = p.b.outer - n;
  // What is added to is on its way beside the factors.
  float result[SumsOfTile::kI][SumsOfTile::kJ][2] = {};
  Masks masks;
  if constexpr (kAdd) {
    static_assert(kN == 64, "a tile of x is whole groups of columns");
#pragma unroll
    for (int i = 0; i < SumsOfTile::kI; ++i) {
      if (SumsOfTile::row(i) >= rows_left) continue;
#pragma unroll
      for (int j = 0; j < SumsOfTile::kJ; ++j) {
        const int column = SumsOfTile::column(j);
        const float* from = c + SumsOfTile::row(i) * p.c_m + column;
        if (p.c_pairs && column + 1 < columns_left) {
          const float2 pair = *reinterpret_cast<const float2*>(from);
          result[i][j][0] = pair.x;
          result[i][j][1] = pair.y;
        } else {
          if (column < columns_left) result[i][j][0] = from[0];
          if (column + 1 < columns_left) result[i][j][1] = from[1];
        }
      }
    }
    // The barriers of the loop, which runs at least once, stand before these are read.
    for (int run = 0; run < p.n_runs; ++run) {
      if (p.runs[run].dropout.drops) decide<kM, kN, false>(p.runs[run].dropout, m, n, kept + run * kKeptBytes);
    }
  } else if constexpr (kMayDrop) {
    masks.owners = 0;
#pragma unroll
    for (int piece = 0, owner = 0, before = -1; piece < kPieces; ++piece) {
      const int run = run_of(p, n + piece * kPiece);
      if (run != before) owner = piece;
      before = run;
      masks.owners |= (p.runs[run].dropout.drops ? static_cast<unsigned>(owner) : kNoMask) << 4 * piece;
    }
  }
  SumsOfTile sums;
  int run_along_k = 0, turn = 0;
  for (std::int64_t k = k_begin; k < k_end; k += kStep) {
    if constexpr (!kAdd && kMayDrop) {
      // Beside those of the step before, which others may still be looking at.
      turn ^= 1;
      masks.kept = kept + turn * kPieces * kKeptBytes;
#pragma unroll 1
      for (int piece = 0; piece < kPieces; ++piece) {
        if (masks.owner(piece) != static_cast<unsigned>(piece)) continue;
        decide<ShapeA::kRows, ShapeA::kColumns, !ShapeA::kAlong>(p.runs[run_of(p, n + piece * kPiece)].dropout,
                                                                 ShapeA::kAlong ? m : k, ShapeA::kAlong ? k : m,
                                                                 kept + (turn * kPieces + piece) * kKeptBytes);
      }
    }
    wait_for_copies<0>();
    __syncthreads();  // the decisions are there, and everybody is through with the tiles
    store_tile<ShapeA, Tile::kBf16>(a_tile, reinterpret_cast<const uint4*>(a_room));
    store_tile<ShapeB, Tile::kBf16>(b_tile, reinterpret_cast<const uint4*>(b_room));
    __syncthreads();
    if (k + kStep < k_end) fetch(k + kStep);
    if constexpr (!kAdd) {
#pragma unroll
      for (int step = 0; step < kStep; step += 16)
        sums.template add<ShapeA, ShapeB, kMayDrop>(a_tile, b_tile, step, masks);
    } else {
#pragma unroll 1
      for (int step = 0; step < kStep && k + step < k_end; step += 16) {
        sums.template add<ShapeA, ShapeB, false>(a_tile, b_tile, step, masks);
        if (k + step + 16 < (run_along_k + 1 < p.n_runs ? p.runs[run_along_k + 1].begin : p.inner)) continue;
        const Dropout& dropout = p.runs[run_along_k].dropout;
        const float factor = dropout.drops ? p.scaling * dropout.factor : p.scaling;
#pragma unroll
        for (int i = 0; i < SumsOfTile::kI; ++i) {
#pragma unroll
          for (int j = 0; j < SumsOfTile::kJ; ++j) {
            const int column = SumsOfTile::column(j);
            const unsigned bits =
                dropout.drops
                    ? two_bytes(kept + run_along_k * kKeptBytes + SumsOfTile::row(i) * 8 + column % 8) >> column / 8
                    : ~0u;
            if ((bits & 1u) != 0) result[i][j][0] += factor * sums.value(i, j, 0);
            if ((bits & 0x100u) != 0) result[i][j][1] += factor * sums.value(i, j, 1);
          }
        }
        sums = {};
        ++run_along_k;
      }
    }
  }
  wait_for_copies<0>();

#pragma unroll
  for (int i = 0; i < SumsOfTile::kI; ++i) {
    if (SumsOfTile::row(i) >= rows_left) continue;
#pragma unroll
    for (int j = 0; j < SumsOfTile::kJ; ++j) {
      const int column = SumsOfTile::column(j);
      const float first = kAdd ? result[i][j][0] : sums.value(i, j, 0),
                  second = kAdd ? result[i][j][1] : sums.value(i, j, 1);
      float* to = c + SumsOfTile::row(i) * p.c_m + column * p.c_n;
      if (p.c_pairs && column + 1 < columns_left) {
        *reinterpret_cast<float2*>(to) = make_float2(first, second);
        continue;
      }
      if (column < columns_left) to[0] = first;
      if (column + 1 < columns_left) to[p.c_n] = second;
    }
  }
}

template <class Tile>
constexpr int kBlocksAtOnce = Tile::kBf16&& Tile::kN == 16 ? 3 : 2;

/// Block (x, y): tiles of b's outers run fastest in x, so that those that share a's rows run beside each other; y is
/// the part of the sum.
template <class Tile, bool kAdd>
__global__ void __launch_bounds__(kThreads, kBlocksAtOnce<Tile>) product_kernel(Product p) {
  const std::int64_t across = (p.b.outer + Tile::kN - 1) / Tile::kN;
  multiply_tile<Tile, kAdd, true>(p, blockIdx.x / across * kM, blockIdx.x % across * Tile::kN, blockIdx.y);
}

/// Two products that share their wide matrix g [rows, columns]: `along` = g·b sums over its columns, `across` = gᵀ·b
/// over its rows. g is cut into squares of kSquare: the blocks that need a square for one or the other run beside each
/// other, so that it comes from memory once and, 33 MB being under way on an H100, from the second-level cache the
/// second time. In both, inner_of_part is kSquare.
inline constexpr std::int64_t kSquare = 512;
template <class Along, class Across>
__global__ void __launch_bounds__(kThreads, kBlocksAtOnce<Along>) both_products_kernel(Product along, Product across) {
  static_assert(Along::kN == Across::kN, "a block has a place in both");
  constexpr int kTiles = static_cast<int>(kSquare) / kM;
  const std::int64_t n_tiles = (along.b.outer + Along::kN - 1) / Along::kN, blocks_of_square = 2 * kTiles * n_tiles;
  const std::int64_t squares_down = (along.a.outer + kSquare - 1) / kSquare;
  const std::int64_t square = blockIdx.x / blocks_of_square, block = blockIdx.x % blocks_of_square;
  const std::int64_t down = square % squares_down, right = square / squares_down;
  const std::int64_t n = block / (2 * kTiles) * Along::kN, tile = block % kTiles * kM;
  if (block / kTiles % 2 == 0) {
    const std::int64_t m = down * kSquare + tile;
    if (m >= along.a.outer) return;
    multiply_tile<Along, false, false>(along, m, n, right);
  } else {
    const std::int64_t m = right * kSquare + tile;
    if (m >= across.a.outer) return;
    multiply_tile<Across, false, false>(across, m, n, down);
  }
}

}  // namespace matinee::lora
