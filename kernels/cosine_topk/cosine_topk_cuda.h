#pragma once

// Shared by the CUDA files of cosine_topk: the arguments of a search, keys that order rows, and the lists in which a
// block of threads keeps candidates.

#include <cmath>
#include <cstddef>
#include <type_traits>

#include "kernels/cosine_topk/cosine_topk.h"
#include "kernels/cuda/device_code.h"
#include "kernels/cuda/warp.h"

namespace matinee {

/// A score and a row in one number: better rows have higher keys, no two rows have the same key, and 0 is no row.
using TopkKey = unsigned long long;

constexpr int kTopkThreads = 256;  ///< of a block that scores rows
constexpr int kTopkMost = 256;    ///< the largest k of one search; for more, rows below the last key are searched again
constexpr int kChunkBytes = 128;  ///< a vector is processed in chunks, the last padded with zeros
constexpr int kUnitBytes = 16;    ///< what a thread loads at once
constexpr int kUnitsOfChunk = kChunkBytes / kUnitBytes;

/// A batch of queries against a range of the rows. All pointers are to device memory.
struct TopkSearch {
  std::int64_t n_queries = 0, n_rows = 0;
  int k = 0;  ///< at most kTopkMost
  int n_sets = 0;
  const unsigned char* rows[CosineTopkArgs::kMaxSets] = {};
  const float* row_scales[CosineTopkArgs::kMaxSets] = {};
  std::int64_t row_bytes[CosineTopkArgs::kMaxSets] = {};
  int chunks[CosineTopkArgs::kMaxSets] = {};        ///< of a row of each set
  bool whole_units[CosineTopkArgs::kMaxSets] = {};  ///< rows begin at multiples of 16 bytes and consist of whole units
  int all_chunks = 0;
  /// [padded_queries, all_chunks, kChunkBytes]: the queries times their weights, in the storage format; zeros past
  /// n_queries.
  const unsigned char* queries = nullptr;
  std::int64_t padded_queries = 0;
  const float* query_scales = nullptr;  ///< [n_sets, padded_queries] for kI8
  const std::uint64_t* filter = nullptr;
  std::int64_t filter_stride = 0;
  /// [n_queries, k], the sorted result for other rows, or null. Keys below its last are not candidates.
  const TopkKey* before = nullptr;
  /// Unless null, only keys of query q below below[q·kTopkMost + kTopkMost - 1] are candidates.
  const TopkKey* below = nullptr;
  /// Tiles of rows [first_tile, end_tile) are assigned to `splits` blocks in turn.
  int first_tile = 0, end_tile = 0;
  int splits = 1;
  int list_size = 0;         ///< keys of a list, a multiple of 32
  TopkKey* lists = nullptr;  ///< [blocks, queries of a block, list_size]
  TopkKey* found = nullptr;  ///< [splits, n_queries, k]: the best of each split, unordered, padded with 0
};

/// The kernel of a search: rows of a tile, queries of a block, and shared memory.
struct TopkPlan {
  int tile_rows = 0, block_queries = 0;
  std::size_t shared_bytes = 0;
  bool resident = false;  ///< the queries stay in shared memory
  int blocks_per_processor = 1;
};

/// "stream" is for up to 8 queries, which are bound by reading the rows; "tiles" is for any number.
constexpr int kStreamQueries = 8;
TopkPlan plan_topk_stream(const TopkSearch& search, std::size_t shared_bytes_of_block);
void launch_topk_stream(const CudaQueue& queue, DType storage, const TopkPlan& plan, const TopkSearch& search);
TopkPlan plan_topk_tiles(DType storage, const TopkSearch& search, std::size_t shared_bytes_of_block);
void launch_topk_tiles(const CudaQueue& queue, DType storage, const TopkPlan& plan, const TopkSearch& search);

/// Calls body(std::integral_constant<DType, storage>) and returns its result.
template <class Body>
auto with_storage(DType storage, const Body& body) {
  switch (storage) {
    case DType::kBF16: return body(std::integral_constant<DType, DType::kBF16>{});
    case DType::kI8: return body(std::integral_constant<DType, DType::kI8>{});
    default: return body(std::integral_constant<DType, DType::kF32>{});
  }
}

/// The size of a list: the k best, and room for every row of a tile before the list must be cut.
constexpr int topk_list_size(int k, int tile_rows) {
  return (k + kWarpSize - 1) / kWarpSize * kWarpSize + 2 * tile_rows;
}
/// Maps scores to integers of the same order; NaN is below all, and -0 equals 0.
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

/// The unit of a row at `offset`, loaded element by element; zeros past the row's end.
template <DType kStorage>
__device__ uint4 load_elements(const unsigned char* row, std::int64_t offset, std::int64_t row_bytes) {
  using Element = std::conditional_t<kStorage == DType::kF32, std::uint32_t,
                                     std::conditional_t<kStorage == DType::kBF16, std::uint16_t, std::uint8_t>>;
  constexpr int kBits = 8 * static_cast<int>(sizeof(Element));
  const auto* from = reinterpret_cast<const Element*>(row + offset);
  const auto left = (row_bytes - offset) / static_cast<std::int64_t>(sizeof(Element));
  // Shifts in the last element first; an array with a variable index would be in local memory.
  std::uint64_t low = 0, high = 0;
#pragma unroll 1
  for (int i = 128 / kBits - 1; i >= 0; --i) {
    high = high << kBits | low >> (64 - kBits);
    low = low << kBits | (i < left ? from[i] : 0u);
  }
  return make_uint4(static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(low >> 32),
                    static_cast<std::uint32_t>(high), static_cast<std::uint32_t>(high >> 32));
}

/// The first tile from `tile` on, in steps of `splits`, in which a filter that all queries share admits a row.
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

/// Bit i: whether row + i may be returned to a query or, for query -1, exists. `row` is a multiple of 32.
__device__ inline unsigned allowed_rows(const TopkSearch& search, std::int64_t query, std::int64_t row) {
  if (row >= search.n_rows) return 0;
  const std::int64_t left = search.n_rows - row;
  const unsigned there = left >= 32 ? 0xffffffffu : (1u << left) - 1u;
  if (search.filter == nullptr || query < 0) return there;
  return there & static_cast<unsigned>(search.filter[query * search.filter_stride + row / 64] >> row % 64);
}

/// The thresholds and list sizes of a block's queries, in shared memory; the lists themselves are in device memory. Any
/// thread may call offer() between the barriers of the functions below.
template <int kQueries>
struct TopkLists {
  TopkKey floor[kQueries];    ///< candidates are above this key
  TopkKey below[kQueries];    ///< and below this one
  float threshold[kQueries];  ///< a score below it is not above the floor
  int count[kQueries];

  __device__ void start(const TopkSearch& search, std::int64_t first_query) {
    for (int q = static_cast<int>(threadIdx.x); q < kQueries; q += kTopkThreads) {
      const std::int64_t query = first_query + q;
      const bool there = query < search.n_queries;
      count[q] = 0;
      // A missing query has no candidates.
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

  /// Adds a row whose score reaches the threshold, if it is a candidate. True if the list must be cut before the next
  /// tile.
  __device__ bool offer(const TopkSearch& search, TopkKey* list, int q, float score, std::int64_t row, int tile_rows) {
    const TopkKey key = key_of(score, row);
    if (key <= floor[q] || key >= below[q] || key >> 32 == 0) return false;
    const int place = atomicAdd(&count[q], 1);
    list[static_cast<std::int64_t>(q) * search.list_size + place] = key;
    return place + 1 > search.list_size - tile_rows;
  }

  /// Called by a whole warp. Keeps the k best of the list of q, unordered.
  __device__ void cut(const TopkSearch& search, TopkKey* list, int q) {
    const int size = count[q];
    if (size <= search.k) return;
    TopkKey* mine = list + static_cast<std::int64_t>(q) * search.list_size;
    const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
    // Finds the k-th best key bit by bit from the highest: a number is at most that key if k keys reach it. Once
    // exactly k keys do, the other bits do not matter. The list is read again for each bit, from the first-level cache,
    // since the registers hold the scores.
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
    // Kept keys move forward, to places that have been read already.
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

  /// Called by the whole block after a barrier. Cuts every list without room for another tile. Ends with a barrier.
  __device__ void cut_full(const TopkSearch& search, TopkKey* list, int tile_rows) {
    for (int q = static_cast<int>(threadIdx.x) / kWarpSize; q < kQueries; q += kTopkThreads / kWarpSize) {
      if (count[q] > search.list_size - tile_rows) cut(search, list, q);
    }
    __syncthreads();
  }

  /// Called by the whole block after a barrier. Writes the best of each query to search.found.
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
