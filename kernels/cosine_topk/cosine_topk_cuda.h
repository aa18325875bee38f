#pragma once

// What the CUDA files of cosine_topk share: a search as its kernels see it, keys that order rows, and the lists in
// which a block of threads keeps what may be among the best.

#include <cmath>
#include <cstddef>
#include <type_traits>

#include "kernels/cosine_topk/cosine_topk.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/warp.h"

namespace matinee {

/// A row and its score as one number: the better row has the higher key, no two rows have the same, 0 is none.
using TopkKey = unsigned long long;

constexpr int kTopkThreads = 256;  ///< of a block that scores rows
constexpr int kTopkMost = 256;    ///< the largest k of one search; more are found by searching below the last key again
constexpr int kChunkBytes = 128;  ///< a vector is worked on, and padded with zeros, in chunks of these
constexpr int kUnitBytes = 16;    ///< what one thread loads at once
constexpr int kUnitsOfChunk = kChunkBytes / kUnitBytes;

/// A batch of queries against a range of the rows. All pointers are the device's.
struct TopkSearch {
  std::int64_t n_queries = 0, n_rows = 0;
  int k = 0;  ///< at most kTopkMost
  int n_sets = 0;
  const unsigned char* rows[CosineTopkArgs::kMaxSets] = {};
  const float* row_scales[CosineTopkArgs::kMaxSets] = {};
  std::int64_t row_bytes[CosineTopkArgs::kMaxSets] = {};
  int chunks[CosineTopkArgs::kMaxSets] = {};        ///< of a row of each set
  bool whole_units[CosineTopkArgs::kMaxSets] = {};  ///< rows are units of 16 bytes, aligned to as many
  int all_chunks = 0;
  /// [padded_queries, all_chunks, kChunkBytes]: the queries times their weights, as the storage wants them; those
  /// beyond n_queries are zeros.
  const unsigned char* queries = nullptr;
  std::int64_t padded_queries = 0;
  const float* query_scales = nullptr;  ///< [n_sets, padded_queries] for kI8
  const std::uint64_t* filter = nullptr;
  std::int64_t filter_stride = 0;
  /// [n_queries, k] of an earlier search of other rows, sorted, or none: what is worse than its last is not wanted.
  const TopkKey* before = nullptr;
  /// Of query q only keys below below[q·kTopkMost + kTopkMost - 1] are wanted; none: all are.
  const TopkKey* below = nullptr;
  /// Tiles of rows [first_tile, end_tile) are dealt out to `splits` blocks in turn.
  int first_tile = 0, end_tile = 0;
  int splits = 1;
  int list_size = 0;         ///< keys of a list, a multiple of 32
  TopkKey* lists = nullptr;  ///< [blocks, queries of a block, list_size]
  TopkKey* found = nullptr;  ///< [splits, n_queries, k]: the best of each split in no order; 0 where there are fewer
};

/// Rows of a tile, queries of a block and shared memory of the kernel that a search is given to.
struct TopkPlan {
  int tile_rows = 0, block_queries = 0;
  std::size_t shared_bytes = 0;
  bool resident = false;  ///< the queries stay in shared memory
  int blocks_per_processor = 1;
};

/// For up to 8 queries, where reading the rows is all there is to do, and for any number.
constexpr int kStreamQueries = 8;
TopkPlan plan_topk_stream(const TopkSearch& search, std::size_t shared_bytes_of_block);
void launch_topk_stream(const CudaQueue& queue, DType storage, const TopkPlan& plan, const TopkSearch& search);
TopkPlan plan_topk_tiles(DType storage, const TopkSearch& search, std::size_t shared_bytes_of_block);
void launch_topk_tiles(const CudaQueue& queue, DType storage, const TopkPlan& plan, const TopkSearch& search);

/// Keys that fit into a list beside the k best, so that each row of a tile may enter before the list is cut.
constexpr int topk_list_size(int k, int tile_rows) {
  return (k + kWarpSize - 1) / kWarpSize * kWarpSize + 2 * tile_rows;
}
/// Scores as whole numbers of the same order, NaN below all; -0 is 0.
__device__ inline unsigned ordered(float score) {
  if (score != score) return 0;
  const unsigned bits = __float_as_uint(score + 0.0f);
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}
__device__ inline TopkKey key_of(float score, std::int64_t row) {
  return static_cast<TopkKey>(ordered(score)) << 32 | (0xffffffffu - static_cast<unsigned>(row));
}
__device__ inline float score_of(TopkKey key) {
  const auto bits = static_cast<unsigned>(key >> 32);
  return __uint_as_float((bits & 0x80000000u) != 0 ? bits & 0x7fffffffu : ~bits);
}
__device__ inline int row_of(TopkKey key) { return static_cast<int>(0xffffffffu - static_cast<unsigned>(key)); }

/// The unit of a row that begins at `offset`, element by element; zeros beyond its end.
template <DType kStorage>
__device__ uint4 load_elements(const unsigned char* row, std::int64_t offset, std::int64_t row_bytes) {
  using Element = std::conditional_t<kStorage == DType::kF32, std::uint32_t,
                                     std::conditional_t<kStorage == DType::kBF16, std::uint16_t, std::uint8_t>>;
  constexpr int kBits = 8 * static_cast<int>(sizeof(Element));
  const auto* from = reinterpret_cast<const Element*>(row + offset);
  const auto left = (row_bytes - offset) / static_cast<std::int64_t>(sizeof(Element));
  // The last first, each pushing up those behind it: an array would have to be indexed.
  std::uint64_t low = 0, high = 0;
#pragma unroll 1
  for (int i = 128 / kBits - 1; i >= 0; --i) {
    high = high << kBits | low >> (64 - kBits);
    low = low << kBits | (i < left ? from[i] : 0u);
  }
  return make_uint4(static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(low >> 32),
                    static_cast<std::uint32_t>(high), static_cast<std::uint32_t>(high >> 32));
}

/// The first tile from `tile` on, in steps of the splits, in which the filter that all queries share leaves a row.
__device__ inline int next_tile(const TopkSearch& search, int tile, int tile_rows) {
  if (search.filter == nullptr || search.filter_stride != 0) return tile;
  const std::int64_t words = (search.n_rows + 63) / 64;
  for (; tile < search.end_tile; tile += search.splits) {
    for (int i = 0; i < tile_rows / 64; ++i) {
      const std::int64_t word = static_cast<std::int64_t>(tile) * (tile_rows / 64) + i;
      if (word < words && search.filter[word] != 0) return tile;
    }
  }
  return tile;
}

/// Which of 32 rows from `row` on may be returned to a query, or, for query -1, are there; `row` is a multiple of 32.
__device__ inline unsigned allowed_rows(const TopkSearch& search, std::int64_t query, std::int64_t row) {
  if (row >= search.n_rows) return 0;
  const std::int64_t left = search.n_rows - row;
  const unsigned there = left >= 32 ? 0xffffffffu : (1u << left) - 1u;
  if (search.filter == nullptr || query < 0) return there;
  return there & static_cast<unsigned>(search.filter[query * search.filter_stride + row / 64] >> row % 64);
}

/// The queries of a block: what a score has to reach, and how long their lists are. In shared memory; the lists are in
/// the device's. Between the barriers of the two functions below any thread may call offer().
template <int kQueries>
struct TopkLists {
  TopkKey floor[kQueries];    ///< only keys above it are wanted
  TopkKey below[kQueries];    ///< and below this
  float threshold[kQueries];  ///< a score below it is not above the floor
  int count[kQueries];

  __device__ void start(const TopkSearch& search, std::int64_t first_query) {
    for (int q = static_cast<int>(threadIdx.x); q < kQueries; q += kTopkThreads) {
      const std::int64_t query = first_query + q;
      const bool there = query < search.n_queries;
      count[q] = 0;
      // No key is above that of a query that does not exist.
      TopkKey lowest = ~TopkKey{0};
      if (there) lowest = search.before == nullptr ? 0 : search.before[query * search.k + search.k - 1];
      set_floor(q, lowest);
      below[q] = there && search.below != nullptr ? search.below[query * kTopkMost + kTopkMost - 1] : ~TopkKey{0};
    }
  }

  __device__ void set_floor(int q, TopkKey key) {
    floor[q] = key;
    threshold[q] = key == 0 ? -INFINITY : key == ~TopkKey{0} ? INFINITY : score_of(key);
  }

  /// Keeps a row whose score is not below the threshold, unless it is none of the best after all. True where the list
  /// has to be cut before the next tile.
  __device__ bool offer(const TopkSearch& search, TopkKey* list, int q, float score, std::int64_t row, int tile_rows) {
    const TopkKey key = key_of(score, row);
    if (key <= floor[q] || key >= below[q] || key >> 32 == 0) return false;
    const int place = atomicAdd(&count[q], 1);
    list[static_cast<std::int64_t>(q) * search.list_size + place] = key;
    return place + 1 > search.list_size - tile_rows;
  }

  /// For a whole warp: leaves the k best in the list of q, in no order.
  __device__ void cut(const TopkSearch& search, TopkKey* list, int q) {
    const int size = count[q];
    if (size <= search.k) return;
    TopkKey* mine = list + static_cast<std::int64_t>(q) * search.list_size;
    const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
    // The bits of the k-th best key, from the highest on: a number is at most that key where k keys reach it. Once it
    // is just k, the rest of the bits do not matter. The list is read again for each bit: it lies in the first-level
    // cache, and registers are what the scores are in.
    TopkKey reached = 0;
    for (int bit = 63; bit >= 0; --bit) {
      const TopkKey next = reached | TopkKey{1} << bit;
      int n = 0;
#pragma unroll 4
      for (int i = lane; i < size; i += kWarpSize) n += mine[i] >= next ? 1 : 0;
      n = warp_sum(n);
      if (n < search.k) continue;
      reached = next;
      if (n == search.k) break;
    }
    TopkKey worst = ~TopkKey{0};
    int place = 0;
    // What is kept moves forward, to where everything has been read.
    for (int first = 0; first < size; first += kWarpSize) {
      const TopkKey key = first + lane < size ? mine[first + lane] : 0;
      const bool kept = key >= reached;
      const unsigned all = __ballot_sync(kWholeWarp, kept ? 1 : 0);
      if (kept) {
        mine[place + __popc(all & ((1u << lane) - 1u))] = key;
        worst = key < worst ? key : worst;
      }
      place += __popc(all);
    }
    for (int step = kWarpSize / 2; step > 0; step /= 2) {
      const TopkKey other = __shfl_xor_sync(kWholeWarp, worst, step);
      worst = other < worst ? other : worst;
    }
    __syncwarp();  // every lane has read the count
    if (lane == 0) {
      count[q] = search.k;
      set_floor(q, worst);
    }
  }

  /// For the whole block, after a barrier: cuts every list that could not take another tile. Ends with a barrier.
  __device__ void cut_full(const TopkSearch& search, TopkKey* list, int tile_rows) {
    for (int q = static_cast<int>(threadIdx.x) / kWarpSize; q < kQueries; q += kTopkThreads / kWarpSize) {
      if (count[q] > search.list_size - tile_rows) cut(search, list, q);
    }
    __syncthreads();
  }

  /// For the whole block, after a barrier: hands over the best of each query.
  __device__ void finish(const TopkSearch& search, TopkKey* list, std::int64_t first_query, int split) {
    const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
    for (int q = static_cast<int>(threadIdx.x) / kWarpSize; q < kQueries; q += kTopkThreads / kWarpSize) {
      const std::int64_t query = first_query + q;
      if (query >= search.n_queries) continue;
      cut(search, list, q);
      __syncwarp();
      const TopkKey* mine = list + static_cast<std::int64_t>(q) * search.list_size;
      TopkKey* to = search.found + (split * search.n_queries + query) * search.k;
      const int size = count[q];
      for (int i = lane; i < search.k; i += kWarpSize) to[i] = i < size ? mine[i] : 0;
    }
  }
};

}  // namespace matinee
