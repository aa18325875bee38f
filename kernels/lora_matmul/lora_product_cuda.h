#pragma once

// The one kernel behind all six products of a LoRA layer. Each has a side as narrow as the rank, so each is bound by
// memory: what counts is that the wide matrix (x, grad_y, y or grad_x) passes once, in whole lines, with many of them
// on their way.
//
// A block of 256 threads computes a tile of 128 × kN of the result, kN = 16 or 64; a step takes 64 numbers along the
// sum. Of the next step, up to 48 KB, each thread holds its part in registers while this one is multiplied; then it is
// dropped out, rounded to bfloat16 and stored to shared memory, whose rows are 16 bytes longer than their contents so
// that the loads of matrices meet no bank twice. A warp multiplies 16 rows with all kN columns on the tensor cores
// (m16n8k16). For Product::kF32 the same tiles are float32 and multiplied by plain FMA.
//
// Dropout: a Philox block decides about eight elements that lie eight columns apart (lora_dropout.cc), so a tile's
// 8,192 decisions are made by 1,024 calls, four a thread, into a kilobyte of shared memory: a byte for each eight
// elements.
//
// The result is either added to a matrix that is read and written once, or, where the sum is long, parts of it over
// ranges of the sum go to scratch memory, and another kernel adds them in order.

#include "kernels/cuda/philox.h"
#include "kernels/cuda/tensor_core.h"
#include "kernels/cuda/vector_access.h"
#include "kernels/lora_matmul/lora_dropout.h"

namespace matinee::lora {

inline constexpr int kThreads = 256;
inline constexpr int kM = 128, kStep = 64;

/// How an operand lies in memory: rows along the sum ([outer][sum]), or rows across it ([sum][outer]).
enum class Rows : std::uint8_t { kAlongSum, kAcrossSum };

struct Dropout {
  bool drops = false;
  std::uint32_t threshold = 0;  ///< of 16 bits; less is dropped
  float factor = 1;             ///< of what is kept
  std::uint64_t key = 0;
  std::int64_t first_row = 0;
};

/// c(m, n) = Σ_k a(m, k)·b(n, k), m < outer_a, n < outer_b, k < inner. With kAdd, c += scaling·(that, dropped out as an
/// element (m, n) of x); else a is dropped out as x, and c takes the sum over each range of `inner_of_part` on its own.
struct Product {
  std::int64_t outer_a = 0, outer_b = 0, inner = 0;
  const float* a = nullptr;
  const float* b = nullptr;
  std::int64_t lda = 0, ldb = 0;
  bool a_aligned = false, b_aligned = false;  ///< every row begins at 16 bytes
  std::int64_t inner_of_part = 0;             ///< a multiple of kStep
  float* c = nullptr;
  std::int64_t c_m = 0, c_n = 0, c_part = 0;  ///< floats from one m, n, part to the next
  bool c_pairs = false;                       ///< c_n is 1, and pairs from even n on begin at 8 bytes
  float scaling = 1;
  Dropout dropout = {};
};

/// A tile of an operand: as it lies in memory, and how a thread takes it, four neighbours at a time.
template <int kOuters, Rows kRowsAre>
struct TileShape {
  static constexpr int kRows = kRowsAre == Rows::kAlongSum ? kOuters : kStep;
  static constexpr int kColumns = kRowsAre == Rows::kAlongSum ? kStep : kOuters;
  static constexpr int kAcross = kColumns / 4;
  static constexpr int kFours = kRows * kAcross / kThreads, kRowStep = kThreads / kAcross;
  static_assert(kFours * kRowStep == kRows && kRowStep * kAcross == kThreads, "the threads share a tile evenly");
  static constexpr int kRoomBytes = kFours * kThreads * 16;
  /// Elements of a row in shared memory.
  template <bool kBf16>
  static constexpr int kStride = kBf16                         ? kColumns + 8
                                 : kRowsAre == Rows::kAlongSum ? kColumns + 2
                                                               : kColumns + 4;
  template <bool kBf16>
  static constexpr int kBytes = kRows* kStride<kBf16>*(kBf16 ? 2 : 4);
};

/// Decides about kRows × kColumns elements of x from (row, column) on, a multiple of 64 columns. Bit j of byte
/// row·(kColumns / 8) + 8·group + c is column 64·group + 8·j + c: 1 where it is kept.
template <int kRows, int kColumns>
__device__ void decide(const Dropout& dropout, std::int64_t row, std::int64_t column, std::uint8_t* kept) {
  constexpr int kBytesOfRow = kColumns / 8;
#pragma unroll
  for (int i = 0; i < kRows * kBytesOfRow / kThreads; ++i) {
    const int at = static_cast<int>(threadIdx.x) + i * kThreads;
    const auto whole_row = static_cast<std::uint64_t>(dropout.first_row + row + at / kBytesOfRow);
    std::uint32_t words[4] = {static_cast<std::uint32_t>(column / 8) + static_cast<std::uint32_t>(at % kBytesOfRow),
                              static_cast<std::uint32_t>(whole_row), static_cast<std::uint32_t>(whole_row >> 32),
                              kLoraDropoutTag};
    philox4x32(words, static_cast<std::uint32_t>(dropout.key), static_cast<std::uint32_t>(dropout.key >> 32));
    unsigned byte = 0;
#pragma unroll
    for (int j = 0; j < 8; ++j) {
      byte |= (words[j / 2] >> 16 * (j % 2) & 0xffffu) < dropout.threshold ? 0u : 1u << j;
    }
    kept[at] = static_cast<std::uint8_t>(byte);
  }
}

/// Brings the tile from outer index `outer` and sum index `k` on; 0 beyond `outer_end` and `k_end`. Each thread fetches
/// what it takes afterwards, into `room` [kFours · kThreads] in shared memory, and nobody else looks at that.
template <class Shape, Rows kRowsAre>
__device__ void fetch_tile(float4* room, const float* from, std::int64_t ld, bool aligned, std::int64_t outer,
                           std::int64_t outer_end, std::int64_t k, std::int64_t k_end) {
  constexpr bool kAlong = kRowsAre == Rows::kAlongSum;
  const std::int64_t row = (kAlong ? outer : k) + static_cast<int>(threadIdx.x) / Shape::kAcross;
  const std::int64_t column = (kAlong ? k : outer) + static_cast<int>(threadIdx.x) % Shape::kAcross * 4;
  const std::int64_t rows_left = (kAlong ? outer_end : k_end) - row,
                     columns_left = (kAlong ? k_end : outer_end) - column;
  const float* place = from + row * ld + column;
#pragma unroll
  for (int i = 0; i < Shape::kFours; ++i) {
    float4* to = room + static_cast<int>(threadIdx.x) + i * kThreads;
    const bool there = i * Shape::kRowStep < rows_left;
    if (there && aligned && columns_left >= 4) {
      copy_async(to, place);
    } else {
      float four[4];
      load_four(four, place, there ? columns_left : 0, false);
      *to = make_float4(four[0], four[1], four[2], four[3]);
    }
    place += Shape::kRowStep * ld;
  }
}

/// What was fetched becomes a tile, dropped out where `kept` is given.
template <class Shape, bool kBf16>
__device__ void store_tile(void* tile, const float4* room, const std::uint8_t* kept, float factor) {
  constexpr int kStride = Shape::template kStride<kBf16>;
  const int first_row = static_cast<int>(threadIdx.x) / Shape::kAcross;
  const int column = static_cast<int>(threadIdx.x) % Shape::kAcross * 4;
#pragma unroll 4
  for (int i = 0; i < Shape::kFours; ++i) {
    const int row = first_row + i * Shape::kRowStep;
    const float4 fetched = room[static_cast<int>(threadIdx.x) + i * kThreads];
    float four[4] = {fetched.x, fetched.y, fetched.z, fetched.w};
    if (kept != nullptr) {
      const unsigned bytes =
          *reinterpret_cast<const unsigned*>(kept + row * (Shape::kColumns / 8) + column / 64 * 8 + column % 8);
#pragma unroll
      for (int k = 0; k < 4; ++k) four[k] = (bytes >> (8 * k + column % 64 / 8) & 1u) != 0 ? four[k] * factor : 0.0f;
    }
    if constexpr (kBf16) {
      *reinterpret_cast<uint2*>(static_cast<std::uint16_t*>(tile) + row * kStride + column) =
          make_uint2(bf16_pair(four[0], four[1]), bf16_pair(four[2], four[3]));
    } else {
#pragma unroll
      for (int k = 0; k < 4; ++k) static_cast<float*>(tile)[row * kStride + column + k] = four[k];
    }
  }
}

/// What a thread has of the tile of the result: kI × kJ pairs of neighbours; row(i), column(j) is where a pair begins.
template <bool kBf16, int kN>
struct Sums;

template <int kN>
struct Sums<true, kN> {
  static constexpr int kI = 2, kJ = kN / 8;
  float c[kN / 8][4] = {};

  __device__ static int row(int i) { return static_cast<int>(threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4) + 8 * i; }
  __device__ static int column(int j) { return 8 * j + static_cast<int>(threadIdx.x % 4) * 2; }
  __device__ float value(int i, int j, int which) const { return c[j][2 * i + which]; }

  template <Rows kA, Rows kB>
  __device__ void add(const void* a_tile, const void* b_tile) {
    constexpr int kAStride = TileShape<kM, kA>::template kStride<true>;
    constexpr int kBStride = TileShape<kN, kB>::template kStride<true>;
    const auto* a = static_cast<const std::uint16_t*>(a_tile);
    const auto* b = static_cast<const std::uint16_t*>(b_tile);
    // Lane 8·matrix + r addresses row r of a matrix of 8 × 8. a's are in the order (m, k), (m + 8, k), (m, k + 8), ...;
    // b's in the order (n, k), (n, k + 8), (n + 8, k), ...
    const int lane = static_cast<int>(threadIdx.x % 32), first_row = static_cast<int>(threadIdx.x / 32) * 16;
    const int r = lane % 8, low = lane / 8 % 2 * 8, high = lane / 16 * 8;
#pragma unroll
    for (int k = 0; k < kStep; k += 16) {
      std::uint32_t fa[4];
      if constexpr (kA == Rows::kAlongSum) {
        load_matrices(fa, a + (first_row + low + r) * kAStride + k + high);
      } else {
        load_matrices_transposed(fa, a + (k + high + r) * kAStride + first_row + low);
      }
#pragma unroll
      for (int n = 0; n < kN; n += 16) {
        std::uint32_t fb[4];
        if constexpr (kB == Rows::kAlongSum) {
          load_matrices(fb, b + (n + high + r) * kBStride + k + low);
        } else {
          load_matrices_transposed(fb, b + (k + low + r) * kBStride + n + high);
        }
        mma_bf16(c[n / 8], fa, fb);
        mma_bf16(c[n / 8 + 1], fa, fb + 2);
      }
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
  __device__ float value(int i, int j, int which) const { return c[i][j][which]; }

  template <int kOuters, Rows kRowsAre>
  __device__ static float element(const void* tile, int outer, int k) {
    constexpr int kStride = TileShape<kOuters, kRowsAre>::template kStride<false>;
    const auto* values = static_cast<const float*>(tile);
    return kRowsAre == Rows::kAlongSum ? values[outer * kStride + k] : values[k * kStride + outer];
  }

  template <Rows kA, Rows kB>
  __device__ void add(const void* a_tile, const void* b_tile) {
#pragma unroll 4
    for (int k = 0; k < kStep; ++k) {
      float a[kI], b[kJ][2];
#pragma unroll
      for (int i = 0; i < kI; ++i) a[i] = element<kM, kA>(a_tile, row(i), k);
#pragma unroll
      for (int j = 0; j < kJ; ++j) {
        b[j][0] = element<kN, kB>(b_tile, column(j), k);
        b[j][1] = element<kN, kB>(b_tile, column(j) + 1, k);
      }
#pragma unroll
      for (int i = 0; i < kI; ++i) {
#pragma unroll
        for (int j = 0; j < kJ; ++j) {
          c[i][j][0] += a[i] * b[j][0];
          c[i][j][1] += a[i] * b[j][1];
        }
      }
    }
  }
};

template <bool kBf16, int kN, Rows kA, Rows kB>
constexpr std::size_t shared_bytes() {
  using ShapeA = TileShape<kM, kA>;
  using ShapeB = TileShape<kN, kB>;
  return ShapeA::kRoomBytes + ShapeB::kRoomBytes + ShapeA::template kBytes<kBf16> + ShapeB::template kBytes<kBf16>;
}

/// A tile is of kM × kN from (m, n) on, and of one part of the sum. With kMayDrop, p.dropout counts.
template <bool kBf16, int kN, Rows kA, Rows kB, bool kAdd, bool kMayDrop>
__device__ void multiply_tile(const Product& p, std::int64_t m, std::int64_t n, std::int64_t part) {
  using ShapeA = TileShape<kM, kA>;
  using ShapeB = TileShape<kN, kB>;
  using Tile = Sums<kBf16, kN>;
  __shared__ unsigned kept_words[kMayDrop ? kM * kStep / 32 : 1];
  auto* kept = reinterpret_cast<std::uint8_t*>(kept_words);
  auto* a_room = dynamic_shared<std::uint8_t>();
  std::uint8_t* b_room = a_room + ShapeA::kRoomBytes;
  std::uint8_t* a_tile = b_room + ShapeB::kRoomBytes;
  std::uint8_t* b_tile = a_tile + ShapeA::template kBytes<kBf16>;
  const std::int64_t k_begin = part * p.inner_of_part;
  const std::int64_t k_end = k_begin + p.inner_of_part < p.inner ? k_begin + p.inner_of_part : p.inner;
  const bool drops = kMayDrop && p.dropout.drops;

  const auto fetch = [&](std::int64_t k) {
    fetch_tile<ShapeA, kA>(reinterpret_cast<float4*>(a_room), p.a, p.lda, p.a_aligned, m, p.outer_a, k, k_end);
    fetch_tile<ShapeB, kB>(reinterpret_cast<float4*>(b_room), p.b, p.ldb, p.b_aligned, n, p.outer_b, k, k_end);
    end_copy_group();
  };
  fetch(k_begin);
  float* c = p.c + part * p.c_part + m * p.c_m + n * p.c_n;
  const std::int64_t rows_left = p.outer_a - m, columns_left = p.outer_b - n;
  // What is added to is on its way beside the factors.
  float result[Tile::kI][Tile::kJ][2] = {};
  if constexpr (kAdd) {
    static_assert(kN == 64, "a tile of x is whole groups of columns");
#pragma unroll
    for (int i = 0; i < Tile::kI; ++i) {
      if (Tile::row(i) >= rows_left) continue;
#pragma unroll
      for (int j = 0; j < Tile::kJ; ++j) {
        const int column = Tile::column(j);
        const float* from = c + Tile::row(i) * p.c_m + column;
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
    if (drops) decide<kM, kN>(p.dropout, m, n, kept);
  }
  Sums<kBf16, kN> sums;
  for (std::int64_t k = k_begin; k < k_end; k += kStep) {
    if (!kAdd && drops) {
      decide<ShapeA::kRows, ShapeA::kColumns>(p.dropout, kA == Rows::kAlongSum ? m : k, kA == Rows::kAlongSum ? k : m,
                                              kept);
    }
    wait_for_copies<0>();
    __syncthreads();  // the decisions are there, and everybody is through with the tiles
    store_tile<ShapeA, kBf16>(a_tile, reinterpret_cast<const float4*>(a_room), !kAdd && drops ? kept : nullptr,
                              p.dropout.factor);
    store_tile<ShapeB, kBf16>(b_tile, reinterpret_cast<const float4*>(b_room), nullptr, 1.0f);
    __syncthreads();
    if (k + kStep < k_end) fetch(k + kStep);
    sums.template add<kA, kB>(a_tile, b_tile);
  }
  wait_for_copies<0>();

#pragma unroll
  for (int i = 0; i < Tile::kI; ++i) {
    if (Tile::row(i) >= rows_left) continue;
#pragma unroll
    for (int j = 0; j < Tile::kJ; ++j) {
      const int column = Tile::column(j);
      float pair[2];
#pragma unroll
      for (int which = 0; which < 2; ++which) {
        if constexpr (kAdd) {
          float factor = p.scaling;
          if (drops) {
            const unsigned byte = kept[Tile::row(i) * (kN / 8) + column % 8 + which];
            factor = (byte >> column / 8 & 1u) != 0 ? p.scaling * p.dropout.factor : 0.0f;
          }
          pair[which] = result[i][j][which] + factor * sums.value(i, j, which);
        } else {
          pair[which] = sums.value(i, j, which);
        }
      }
      float* to = c + Tile::row(i) * p.c_m + column * p.c_n;
      if (p.c_pairs && column + 1 < columns_left) {
        *reinterpret_cast<float2*>(to) = make_float2(pair[0], pair[1]);
        continue;
      }
      if (column < columns_left) to[0] = pair[0];
      if (column + 1 < columns_left) to[p.c_n] = pair[1];
    }
  }
}

/// Block (x, y): tiles of b's outers run fastest in x, so that those that share a's rows run beside each other; y is
/// the part of the sum.
template <bool kBf16, int kN, Rows kA, Rows kB, bool kAdd>
__global__ void __launch_bounds__(kThreads, kBf16&& kN == 16 ? 3 : 2) product_kernel(Product p) {
  const std::int64_t across = (p.outer_b + kN - 1) / kN;
  multiply_tile<kBf16, kN, kA, kB, kAdd, true>(p, blockIdx.x / across * kM, blockIdx.x % across * kN, blockIdx.y);
}

/// Two products that share their wide matrix g [rows, columns]: `along` = g·b sums over its columns, `across` = gᵀ·b
/// over its rows. g is cut into squares of kSquare: the blocks that need a square for one or the other run beside each
/// other, so that it comes from memory once and, 33 MB being under way on an H100, from the second-level cache the
/// second time. In both, inner_of_part is kSquare.
inline constexpr std::int64_t kSquare = 512;
template <bool kBf16, int kN>
__global__ void __launch_bounds__(kThreads, kBf16&& kN == 16 ? 3 : 2)
    both_products_kernel(Product along, Product across) {
  constexpr int kTiles = static_cast<int>(kSquare) / kM;
  const std::int64_t n_tiles = (along.outer_b + kN - 1) / kN, blocks_of_square = 2 * kTiles * n_tiles;
  const std::int64_t squares_down = (along.outer_a + kSquare - 1) / kSquare;
  const std::int64_t square = blockIdx.x / blocks_of_square, block = blockIdx.x % blocks_of_square;
  const std::int64_t down = square % squares_down, right = square / squares_down;
  const std::int64_t n = block / (2 * kTiles) * kN, tile = block % kTiles * kM;
  if (block / kTiles % 2 == 0) {
    const std::int64_t m = down * kSquare + tile;
    if (m >= along.outer_a) return;
    multiply_tile<kBf16, kN, Rows::kAlongSum, Rows::kAcrossSum, false, false>(along, m, n, right);
  } else {
    const std::int64_t m = right * kSquare + tile;
    if (m >= across.outer_a) return;
    multiply_tile<kBf16, kN, Rows::kAcrossSum, Rows::kAcrossSum, false, false>(across, m, n, down);
  }
}

template <bool kBf16, int kN>
constexpr std::size_t shared_bytes_of_both() {
  constexpr std::size_t kAlong = shared_bytes<kBf16, kN, Rows::kAlongSum, Rows::kAcrossSum>();
  constexpr std::size_t kAcross = shared_bytes<kBf16, kN, Rows::kAcrossSum, Rows::kAcrossSum>();
  return kAlong > kAcross ? kAlong : kAcross;
}

}  // namespace matinee::lora
