#pragma once

// The kernel behind all six products of LoRA layers. Each product has a side as narrow as the ranks, so each is bound
// by memory: the wide matrix (x, grad_y, y or grad_x) must pass once, in whole lines, with many of them in flight.
//
// Adapters on the same x form one product: their factors are concatenated, each padded to a multiple of 16, the columns
// of a tensor core product. They may differ in the mask that drops elements of x.
//
// A block of 256 threads computes a tile of 128 × kN of the result, kStep elements of the sum at a time; a warp
// multiplies 16 rows by all kN columns on the tensor cores (m16n8k16). For MatmulPrecision::kF32 it uses plain FMA.
//
// Dropout: a tile of 8,192 elements takes 1,024 Philox calls, four per thread, and a kilobyte of shared memory per
// mask. All adapters share the tile of x; masks are applied to registers, and 1 / (1 - p) after the sum.
//
// The result is either added to a matrix, which is read and written once, or, if the sum is long, partial sums go to
// scratch memory and another kernel adds them in order.

#include "kernels/lora_matmul/lora_tiles_cuda.h"

namespace matinee::lora {

inline constexpr int kM = 128;
inline constexpr int kPiece = 16;  ///< columns that share a mask, at least
inline constexpr int kMaxRuns = static_cast<int>(kMaxLoraParts);

/// Columns of the narrow side from `begin`, a multiple of kPiece, to the next run share a mask.
struct Run {
  std::int64_t begin = 0;
  Dropout dropout = {};
};

/// c(m, n) = Σ_k a(m, k)·b(n, k), m < a.outer, n < b.outer, k < inner, in one of two ways:
/// - c receives the sum over each range of inner_of_part separately; a is x, masked by the run of n but not scaled by
///   Dropout::factor.
/// - c += scaling·Σ (the sum over each run along k, masked as elements (m, n) of x and scaled).
struct LowRankProduct {
  Operand a = {}, b = {};
  std::int64_t inner = 0;
  std::int64_t inner_of_part = 0;  ///< a multiple of the step
  float* c = nullptr;
  std::int64_t c_m = 0, c_n = 0, c_part = 0;  ///< floats from one m, n, part to the next
  bool c_pairs = false;                       ///< c_n is 1, and pairs from even n on begin at multiples of 8 bytes
  float scaling = 1;
  int n_runs = 1;
  Run runs[kMaxRuns] = {};

  std::int64_t n_parts() const { return inner > 0 ? blocks_for(inner, inner_of_part) : 1; }
};

/// The masks of a tile of a, one per run of columns: piece i of the columns uses the mask of piece owner(i), the first
/// of its run in the tile, or none.
inline constexpr unsigned kNoMask = 15;
struct Masks {
  unsigned owners = ~0u;               ///< four bits per piece; kNoMask: none
  const std::uint8_t* kept = nullptr;  ///< kKeptBytes per piece

  __device__ unsigned owner(int piece) const { return owners >> 4 * piece & 15u; }
  __device__ const std::uint8_t* of(unsigned owner) const { return kept + owner * kKeptBytes; }
};

/// The run of a column of the narrow side.
__device__ inline int run_of(const LowRankProduct& p, std::int64_t column) {
  int run = 0;
  while (run + 1 < p.n_runs && p.runs[run + 1].begin <= column) ++run;
  return run;
}

/// A thread's share of the tile of the result: kI × kJ pairs of columns; pair (i, j) begins at (row(i), column(j)).
/// add() adds the products of elements [k, k + 16) of the tiles along the sum.
template <bool kBf16, int kN>
struct Sums;

template <int kN>
struct Sums<true, kN> {
  static constexpr int kI = 2, kJ = kN / 8;
  float c[kN / 8][4] = {};

  __device__ static int row(int i) { return static_cast<int>(threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4) + 8 * i; }
  __device__ static int column(int j) { return 8 * j + static_cast<int>(threadIdx.x % 4) * 2; }
  __device__ float& value(int i, int j, int which) { return c[j][2 * i + which]; }

  /// The fragment of a from k on, masked.
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
    // Lane 8·matrix + r addresses row r of an 8 × 8 matrix. The order of a's is (m, k), (m + 8, k), (m, k + 8), ...;
    // that of b's is (n, k), (n, k + 8), (n + 8, k), ...
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
  static constexpr int kPairs = kN / 2 < 16 ? kN / 2 : 16;  // of threads in a row
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

/// The parameters of the kernel: whether it multiplies bfloat16, the columns of its tile, the length of a step, and the
/// element types and layouts of the operands.
template <bool kBf16Product, int kColumnsOfTile, int kLengthOfStep, class TA, Rows kA, class TB, Rows kB>
struct Tiles {
  static constexpr bool kBf16 = kBf16Product;
  static constexpr int kN = kColumnsOfTile, kStep = kLengthOfStep;
  using A = TileShape<TA, kM, kStep, kA, kBf16>;
  using B = TileShape<TB, kN, kStep, kB, kBf16>;
  static constexpr std::size_t kSharedBytes = A::kStagingBytes + B::kStagingBytes + A::kBytes + B::kBytes;
  static_assert(kSharedBytes + kN / kPiece * 2 * kKeptBytes <= kSharedBytesEverywhere);
};

/// A block's tile of kM × kN from (m, n) on, for one part of the sum.
template <class Tile, bool kMayDrop>
class TileProduct {
  using A = typename Tile::A;
  using B = typename Tile::B;
  using ThreadSums = Sums<Tile::kBf16, Tile::kN>;
  static constexpr int kN = Tile::kN, kStep = Tile::kStep, kPieces = kN / kPiece;

 public:
  /// `kept`: shared memory for the masks, kKeptBytes each.
  __device__ TileProduct(const LowRankProduct& p, std::int64_t m, std::int64_t n, std::int64_t part, std::uint8_t* kept)
      : p_(p),
        m_(m),
        n_(n),
        k_begin_(part * p.inner_of_part),
        k_end_(k_begin_ + p.inner_of_part < p.inner ? k_begin_ + p.inner_of_part : p.inner),
        rows_left_(p.a.outer - m),
        columns_left_(p.b.outer - n),
        c_(p.c + part * p.c_part + m * p.c_m + n * p.c_n),
        a_staging_(dynamic_shared<std::uint8_t>()),
        b_staging_(a_staging_ + A::kStagingBytes),
        a_tile_(b_staging_ + B::kStagingBytes),
        b_tile_(a_tile_ + A::kBytes),
        kept_(kept) {}

  /// c = the sum over this part. Two sets of kPieces masks, used in alternate steps.
  __device__ void store_part() const {
    fetch(k_begin_);
    Masks masks;
    if constexpr (kMayDrop) masks.owners = mask_owners();
    ThreadSums sums;
    int turn = 0;
    for (std::int64_t k = k_begin_; k < k_end_; k += kStep) {
      if constexpr (kMayDrop) {
        turn ^= 1;  // other threads may still read the masks of the step before
        masks.kept = kept_ + turn * kPieces * kKeptBytes;
        draw_masks(masks, k, kept_ + turn * kPieces * kKeptBytes);
      }
      next_tiles(k);
#pragma unroll
      for (int step = 0; step < kStep; step += 16) sums.template add<A, B, kMayDrop>(a_tile_, b_tile_, step, masks);
    }
    wait_for_copies<0>();
    store([&](int i, int j, int which) { return sums.value(i, j, which); });
  }

  /// c += scaling·(the masked sum over each run along k). One mask per run.
  __device__ void add_runs() const {
    static_assert(kN == 64, "a mask covers whole groups of columns of x");
    fetch(k_begin_);
    float result[ThreadSums::kI][ThreadSums::kJ][2] = {};
    load(result);
    // The barriers of the loop, which runs at least once, separate drawing the masks from reading them.
    for (int run = 0; run < p_.n_runs; ++run) {
      if (p_.runs[run].dropout.drops) draw_mask<kM, kN, false>(p_.runs[run].dropout, m_, n_, kept_ + run * kKeptBytes);
    }
    ThreadSums sums;
    int run = 0;
    for (std::int64_t k = k_begin_; k < k_end_; k += kStep) {
      next_tiles(k);
#pragma unroll 1
      for (int step = 0; step < kStep && k + step < k_end_; step += 16) {
        sums.template add<A, B, false>(a_tile_, b_tile_, step, Masks{});
        if (k + step + 16 < (run + 1 < p_.n_runs ? p_.runs[run + 1].begin : p_.inner)) continue;
        add_masked(result, sums, run);
        sums = {};
        ++run;
      }
    }
    wait_for_copies<0>();
    store([&](int i, int j, int which) { return result[i][j][which]; });
  }

 private:
  __device__ void fetch(std::int64_t k) const {
    fetch_tile<A>(reinterpret_cast<uint4*>(a_staging_), p_.a, m_, k, k_end_);
    fetch_tile<B>(reinterpret_cast<uint4*>(b_staging_), p_.b, n_, k, k_end_);
    end_copy_group();
  }

  // Turns what was fetched for step k into tiles, and starts to fetch the next step.
  __device__ void next_tiles(std::int64_t k) const {
    wait_for_copies<0>();
    __syncthreads();  // masks are drawn, and the tiles before are no longer in use
    store_tile<A, Tile::kBf16>(a_tile_, reinterpret_cast<const uint4*>(a_staging_));
    store_tile<B, Tile::kBf16>(b_tile_, reinterpret_cast<const uint4*>(b_staging_));
    __syncthreads();
    if (k + kStep < k_end_) fetch(k + kStep);
  }

  // Masks::owners.
  __device__ unsigned mask_owners() const {
    unsigned owners = 0;
#pragma unroll
    for (int piece = 0, owner = 0, before = -1; piece < kPieces; ++piece) {
      const int run = run_of(p_, n_ + piece * kPiece);
      if (run != before) owner = piece;
      before = run;
      owners |= (p_.runs[run].dropout.drops ? static_cast<unsigned>(owner) : kNoMask) << 4 * piece;
    }
    return owners;
  }

  // Draws the masks of a's tile at k, one per run in the tile.
  __device__ void draw_masks(const Masks& masks, std::int64_t k, std::uint8_t* kept) const {
#pragma unroll 1
    for (int piece = 0; piece < kPieces; ++piece) {
      if (masks.owner(piece) != static_cast<unsigned>(piece)) continue;
      draw_mask<A::kRows, A::kColumns, !A::kAlong>(p_.runs[run_of(p_, n_ + piece * kPiece)].dropout, A::kAlong ? m_ : k,
                                                   A::kAlong ? k : m_, kept + piece * kKeptBytes);
    }
  }

  // result += the sum over a run, where the run's mask keeps the element.
  template <int kI, int kJ>
  __device__ void add_masked(float (&result)[kI][kJ][2], ThreadSums& sums, int run) const {
    const Dropout& dropout = p_.runs[run].dropout;
    const float factor = dropout.drops ? p_.scaling * dropout.factor : p_.scaling;
#pragma unroll
    for (int i = 0; i < kI; ++i) {
#pragma unroll
      for (int j = 0; j < kJ; ++j) {
        const int column = ThreadSums::column(j);
        const unsigned bits =
            dropout.drops ? two_bytes(kept_ + run * kKeptBytes + ThreadSums::row(i) * 8 + column % 8) >> column / 8
                          : ~0u;
        if ((bits & 1u) != 0) result[i][j][0] += factor * sums.value(i, j, 0);
        if ((bits & 0x100u) != 0) result[i][j][1] += factor * sums.value(i, j, 1);
      }
    }
  }

  // Calls body(i, j, column) for this thread's pairs whose row exists.
  template <class Body>
  __device__ void each_pair(const Body& body) const {
#pragma unroll
    for (int i = 0; i < ThreadSums::kI; ++i) {
      if (ThreadSums::row(i) >= rows_left_) continue;
#pragma unroll
      for (int j = 0; j < ThreadSums::kJ; ++j) body(i, j, ThreadSums::column(j));
    }
  }

  template <int kI, int kJ>
  __device__ void load(float (&result)[kI][kJ][2]) const {
    each_pair([&](int i, int j, int column) {
      const float* from = c_ + ThreadSums::row(i) * p_.c_m + column;
      if (p_.c_pairs && column + 1 < columns_left_) {
        const float2 pair = *reinterpret_cast<const float2*>(from);
        result[i][j][0] = pair.x;
        result[i][j][1] = pair.y;
      } else {
        if (column < columns_left_) result[i][j][0] = from[0];
        if (column + 1 < columns_left_) result[i][j][1] = from[1];
      }
    });
  }

  // value(i, j, which): the two elements of a pair.
  template <class Value>
  __device__ void store(const Value& value) const {
    each_pair([&](int i, int j, int column) {
      float* to = c_ + ThreadSums::row(i) * p_.c_m + column * p_.c_n;
      if (p_.c_pairs && column + 1 < columns_left_) {
        *reinterpret_cast<float2*>(to) = make_float2(value(i, j, 0), value(i, j, 1));
        return;
      }
      if (column < columns_left_) to[0] = value(i, j, 0);
      if (column + 1 < columns_left_) to[p_.c_n] = value(i, j, 1);
    });
  }

  const LowRankProduct& p_;
  std::int64_t m_, n_, k_begin_, k_end_, rows_left_, columns_left_;
  float* c_;
  std::uint8_t *a_staging_, *b_staging_, *a_tile_, *b_tile_, *kept_;
};

/// kAdd: add_runs() in place of store_part(). Without kMayDrop, dropouts are ignored.
template <class Tile, bool kAdd, bool kMayDrop>
__device__ void multiply_tile(const LowRankProduct& p, std::int64_t m, std::int64_t n, std::int64_t part) {
  constexpr int kMasks = kAdd ? kMaxRuns : 2 * Tile::kN / kPiece;
  __shared__ unsigned kept[kMayDrop ? kMasks * kKeptBytes / 4 : 1];
  const TileProduct<Tile, kMayDrop> tile(p, m, n, part, reinterpret_cast<std::uint8_t*>(kept));
  if constexpr (kAdd) {
    tile.add_runs();
  } else {
    tile.store_part();
  }
}

/// Blocks per multiprocessor, as the registers and shared memory allow.
template <class Tile>
inline constexpr int kBlocksAtOnce = Tile::kBf16&& Tile::kN == 16 ? 3 : 2;

/// blockIdx.x is the tile, with n fastest, so that tiles that share rows of a run together; y is the part of the sum.
template <class Tile, bool kAdd>
__global__ void __launch_bounds__(kThreads, kBlocksAtOnce<Tile>) product_kernel(LowRankProduct p) {
  const std::int64_t across = (p.b.outer + Tile::kN - 1) / Tile::kN;
  multiply_tile<Tile, kAdd, true>(p, blockIdx.x / across * kM, blockIdx.x % across * Tile::kN, blockIdx.y);
}

/// Two products that share their wide matrix g [rows, columns]: `along` = g·b sums over its columns, `across` = gᵀ·b
/// over its rows. g is split into squares of kSquare, and the blocks that need a square for either product run
/// together. So it is read from memory once, and the second time from the second-level cache (33 MB in flight on an
/// H100). In both, inner_of_part is kSquare.
inline constexpr std::int64_t kSquare = 512;
template <class Along, class Across>
__global__ void __launch_bounds__(kThreads, kBlocksAtOnce<Along>)
    both_products_kernel(LowRankProduct along, LowRankProduct across) {
  static_assert(Along::kN == Across::kN, "both products have the same tiles along n");
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
