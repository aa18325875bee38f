// Any number of queries. A block has up to 256 queries and every splits-th tile of 128 rows; a warp multiplies 64 (or
// 32) queries by 64 (or 32) rows on the tensor cores. Rows pass through shared memory in chunks of 128 bytes, three of
// them in flight; queries stay there if they fit. Only scores that reach the k-th best so far leave the registers, for
// the query's list.
//
// Operations: 2·n_queries·n_rows·dim, on the tensor cores. Bytes: the rows once per 256 queries, mostly from the
// second-level cache, since blocks with other queries have just read them. 256 queries × 128 rows make 85 operations
// per byte of bfloat16 from there, so the tile is as large as the registers allow: 64 × 64 sums take 128 registers per
// thread. int8 needs separate sums for the current set and for all sets, so its warps have half as many. float32 is
// multiplied by the ordinary units in the same arrangement of sums, so that one epilogue serves all formats.
//
// In shared memory, unit u (16 bytes) of row r of a chunk is at place u ^ (r % 8). So the units u of eight rows, which
// a matrix load or a quarter of a warp reads at once, are in different banks.

#include <type_traits>

#include "kernels/cosine_topk/cosine_topk_cuda.h"
#include "kernels/cuda/tensor_core.h"

namespace matinee {
namespace {

constexpr int kStages = 3;
constexpr int kTileRows = 128;

template <DType kStorage_, int kQueries_, int kWarpQueries_, int kWarpRows_>
struct Shape {
  static constexpr DType kStorage = kStorage_;
  static constexpr int kQueries = kQueries_;          // of a block
  static constexpr int kWarpQueries = kWarpQueries_;  // of a warp's tile
  static constexpr int kWarpRows = kWarpRows_;
  static constexpr int kQueryTiles = kWarpQueries / 16;  // tensor cores' tiles of 16 × 8
  static constexpr int kRowTiles = kWarpRows / 8;
  static constexpr bool kScaled = kStorage == DType::kI8;
  // Blocks per multiprocessor: two if a thread has so few sums that 128 registers are enough.
  static constexpr int kBlocks = kQueryTiles * kRowTiles * 4 * (kScaled ? 2 : 1) > 32 ? 1 : 2;
  static_assert(kQueries / kWarpQueries * (kTileRows / kWarpRows) * kWarpSize == kTopkThreads, "one warp per tile");
  static_assert(kWarpRows % 32 == 0, "allowed_rows() takes multiples of 32 rows");
};
using LargeBf16 = Shape<DType::kBF16, 256, 64, 64>;
template <DType kStorage>
using Medium = Shape<kStorage, 128, 64, 32>;
template <DType kStorage>
using Small = Shape<kStorage, 64, 32, 32>;

// The offset of a unit of a row in a chunk in shared memory.
__device__ int place_of(int row, int unit) { return row * kChunkBytes + (unit ^ (row & 7)) * kUnitBytes; }

// The next chunk to fetch: the chunks of a tile set by set, then those of the next tile.
struct Fetch {
  int tile = 0;
  int set = 0, chunk = 0;  // chunk within the set
  int of_all = 0;          // chunk within the row
};

// A thread fetches the same unit of every 32nd row; these have the same place in their rows.
constexpr int kFetchStep = kTopkThreads / kUnitsOfChunk;

template <class S>
__device__ void fetch_queries(const TopkSearch& search, int first_query, int chunk, unsigned char* to) {
  const int q = static_cast<int>(threadIdx.x) / kUnitsOfChunk, unit = static_cast<int>(threadIdx.x) % kUnitsOfChunk;
  const std::int64_t step = static_cast<std::int64_t>(search.all_chunks) * kChunkBytes;
  const unsigned char* from =
      search.queries + static_cast<std::int64_t>(first_query + q) * step + chunk * kChunkBytes + unit * kUnitBytes;
  to += place_of(q, unit);
#pragma unroll
  for (int i = 0; i < S::kQueries / kFetchStep; ++i) {
    copy_async(to + i * kFetchStep * kChunkBytes, from);
    from += kFetchStep * step;
  }
}

template <class S>
__device__ void fetch_rows(const TopkSearch& search, const Fetch& at, unsigned char* to) {
  const int r = static_cast<int>(threadIdx.x) / kUnitsOfChunk, unit = static_cast<int>(threadIdx.x) % kUnitsOfChunk;
  const std::int64_t width = search.row_bytes[at.set], first = static_cast<std::int64_t>(at.tile) * kTileRows + r;
  const int offset = at.chunk * kChunkBytes + unit * kUnitBytes;
  const unsigned char* from = search.rows[at.set] + first * width;
  // Rows of this thread that there are and that reach as far.
  int left = offset < width ? static_cast<int>(blocks_for(search.n_rows - first, kFetchStep)) : 0;
  to += place_of(r, unit);
  if (search.whole_units[at.set]) {
#pragma unroll
    for (int i = 0; i < kTileRows / kFetchStep; ++i, --left) {
      if (left > 0) {
        copy_async(to + i * kFetchStep * kChunkBytes, from + offset);
      } else {
        *reinterpret_cast<uint4*>(to + i * kFetchStep * kChunkBytes) = make_uint4(0, 0, 0, 0);
      }
      from += kFetchStep * width;
    }
    return;
  }
#pragma unroll 1
  for (int i = 0; i < kTileRows / kFetchStep; ++i, --left) {
    *reinterpret_cast<uint4*>(to + i * kFetchStep * kChunkBytes) =
        left > 0 ? load_elements<S::kStorage>(from, offset, width) : make_uint4(0, 0, 0, 0);
    from += kFetchStep * width;
  }
}

// The sums of a warp's tile, as the tensor cores arrange them: `sum` over all sets; for int8 `sum` over the current set
// and `score` over those before.
template <class S>
struct WarpSums {
  using Sum = std::conditional_t<S::kScaled, int, float>;
  Sum sum[S::kQueryTiles][S::kRowTiles][4];
  float score[S::kScaled ? S::kQueryTiles : 1][S::kRowTiles][4];

  __device__ void clear() {
    zero(sum);
    if constexpr (S::kScaled) zero(score);
  }

  __device__ auto& scores() {
    if constexpr (S::kScaled) {
      return score;
    } else {
      return sum;
    }
  }

  // For int8 at the end of a set. `query` is an index of search.queries, `row` one of the rows.
  __device__ void add_scaled(const TopkSearch& search, int set, int query, std::int64_t row) {
    const int lane = static_cast<int>(threadIdx.x) % kWarpSize, g = lane / 4, t = lane % 4;
    float of_query[S::kQueryTiles][2];
#pragma unroll
    for (int m = 0; m < S::kQueryTiles; ++m) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        of_query[m][half] = search.query_scales[set * search.padded_queries + query + m * 16 + half * 8 + g];
      }
    }
#pragma unroll
    for (int n = 0; n < S::kRowTiles; ++n) {
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const std::int64_t r = row + n * 8 + 2 * t + e;
        const float of_row = r < search.n_rows ? __ldg(search.row_scales[set] + r) : 0;
#pragma unroll
        for (int m = 0; m < S::kQueryTiles; ++m) {
#pragma unroll
          for (int half = 0; half < 2; ++half) {
            float& to = score[m][n][2 * half + e];
            to = fmaf(static_cast<float>(sum[m][n][2 * half + e]), __fmul_rn(of_row, of_query[m][half]), to);
          }
        }
      }
    }
    zero(sum);
  }

  // Adds the products of a chunk. `query` and `row`: the warp's first in the block's.
  __device__ void multiply(const unsigned char* queries, const unsigned char* rows, int query, int row) {
    if constexpr (S::kStorage == DType::kF32) {
      multiply_floats(queries, rows, query, row);
    } else {
      // This lane addresses row r of a matrix. Tiles begin at multiples of 8 rows, so the place of a unit within a row
      // is the same in all of them.
      const int lane = static_cast<int>(threadIdx.x) % kWarpSize, matrix = lane / 8, r = lane % 8;
      const unsigned char* of_query = queries + (query + matrix % 2 * 8 + r) * kChunkBytes;
      const unsigned char* of_row = rows + (row + matrix / 2 * 8 + r) * kChunkBytes;
      const int query_unit = (matrix / 2) ^ r, row_unit = (matrix % 2) ^ r;
#pragma unroll(S::kBlocks == 1 ? kUnitsOfChunk / 2 : 1)
      for (int step = 0; step < kUnitsOfChunk / 2; ++step) {
        std::uint32_t b[S::kRowTiles][2];
        const unsigned char* from = of_row + ((2 * step) ^ row_unit) * kUnitBytes;
#pragma unroll
        for (int n = 0; n < S::kRowTiles; n += 2) {
          std::uint32_t both[4];
          load_matrices(both, from + n * 8 * kChunkBytes);
          b[n][0] = both[0];
          b[n][1] = both[1];
          b[n + 1][0] = both[2];
          b[n + 1][1] = both[3];
        }
        from = of_query + ((2 * step) ^ query_unit) * kUnitBytes;
#pragma unroll
        for (int m = 0; m < S::kQueryTiles; ++m) {
          std::uint32_t a[4];
          load_matrices(a, from + m * 16 * kChunkBytes);
#pragma unroll
          for (int n = 0; n < S::kRowTiles; ++n) {
            if constexpr (S::kScaled) {
              mma_int8(sum[m][n], a, b[n]);
            } else {
              mma_bf16(sum[m][n], a, b[n]);
            }
          }
        }
      }
    }
  }

 private:
  template <class T, int kM, int kN>
  __device__ static void zero(T (&all)[kM][kN][4]) {
#pragma unroll
    for (int m = 0; m < kM; ++m) {
#pragma unroll
      for (int n = 0; n < kN; ++n) {
#pragma unroll
        for (int i = 0; i < 4; ++i) all[m][n][i] = 0;
      }
    }
  }

  __device__ void multiply_floats(const unsigned char* queries, const unsigned char* rows, int query, int row) {
    const int lane = static_cast<int>(threadIdx.x) % kWarpSize, g = lane / 4, t = lane % 4;
    queries += (query + g) * kChunkBytes;
    rows += (row + 2 * t) * kChunkBytes;
#pragma unroll 1
    for (int unit = 0; unit < kUnitsOfChunk; ++unit) {
      float4 wanted[2 * S::kQueryTiles];
#pragma unroll
      for (int q = 0; q < 2 * S::kQueryTiles; ++q) {
        wanted[q] = *reinterpret_cast<const float4*>(queries + q * 8 * kChunkBytes + (unit ^ g) * kUnitBytes);
      }
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const unsigned char* from = rows + e * kChunkBytes + (unit ^ (2 * t + e)) * kUnitBytes;
#pragma unroll
        for (int n = 0; n < S::kRowTiles; ++n) {
          const float4 value = *reinterpret_cast<const float4*>(from + n * 8 * kChunkBytes);
#pragma unroll
          for (int q = 0; q < 2 * S::kQueryTiles; ++q) {
            float& to = sum[q / 2][n][q % 2 * 2 + e];
            to = fmaf(wanted[q].x, value.x, to);
            to = fmaf(wanted[q].y, value.y, to);
            to = fmaf(wanted[q].z, value.z, to);
            to = fmaf(wanted[q].w, value.w, to);
          }
        }
      }
    }
  }
};

// Score number `chosen` of a query among those from kFirst on, by bisection, since registers cannot be indexed.
template <int kFirst, int kCount, int kRowTiles>
__device__ float pick(const float (&scores)[kRowTiles][4], int half, int chosen) {
  if constexpr (kCount == 1) {
    return scores[kFirst / 2][2 * half + kFirst % 2];
  } else {
    const float low = pick<kFirst, kCount / 2>(scores, half, chosen);
    const float high = pick<kFirst + kCount / 2, kCount / 2>(scores, half, chosen);
    return (chosen & kCount / 2) != 0 ? high : low;
  }
}

// Bit i: whether a thread's score i of a query, two per tile of 8 rows from `row` on, may be returned.
template <class S>
__device__ unsigned allowed_scores(const TopkSearch& search, int query, std::int64_t row) {
  const int t = static_cast<int>(threadIdx.x) % 4;
  unsigned result = 0;
#pragma unroll
  for (int part = 0; part < S::kWarpRows / 32; ++part) {
    const unsigned allowed = allowed_rows(search, query, row + 32 * part) >> 2 * t;
#pragma unroll
    for (int n = 0; n < 4; ++n) result |= (allowed >> 8 * n & 3u) << 2 * (4 * part + n);
  }
  return result;
}

// Offers the scores of a warp's tile. `query` and `row`: the warp's first in the block's.
template <class S, class Scores>
__device__ bool offer_scores(const TopkSearch& search, TopkLists<S::kQueries>& lists, TopkKey* list, int first_query,
                             int query, std::int64_t first_row, int row, Scores& score) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize, g = lane / 4, t = lane % 4;
  const bool all_allowed = search.filter == nullptr && first_row + kTileRows <= search.n_rows;
  bool full = false;
#pragma unroll
  for (int m = 0; m < S::kQueryTiles; ++m) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int q = query + m * 16 + half * 8 + g;
      const float threshold = lists.threshold[q];
      unsigned reached = 0;
#pragma unroll
      for (int i = 0; i < 2 * S::kRowTiles; ++i) {
        reached |= score[m][i / 2][2 * half + i % 2] >= threshold ? 1u << i : 0u;
      }
      if (reached != 0 && !all_allowed) reached &= allowed_scores<S>(search, first_query + q, first_row + row);
      // Rare after the first tiles.
      while (reached != 0) {
        const int chosen = __ffs(static_cast<int>(reached)) - 1;
        reached &= reached - 1;
        const std::int64_t place = first_row + row + chosen / 2 * 8 + 2 * t + chosen % 2;
        full |= lists.offer(search, list, q, pick<0, 2 * S::kRowTiles>(score[m], half, chosen), place, kTileRows);
      }
    }
  }
  return full;
}

template <class S>
__global__ void __launch_bounds__(kTopkThreads, S::kBlocks) topk_tiles_kernel(TopkSearch search, bool resident) {
  constexpr int kQueryBytes = S::kQueries * kChunkBytes, kRowBytes = kTileRows * kChunkBytes;
  auto* const row_stages = dynamic_shared<unsigned char>();
  auto* const query_chunks = row_stages + kStages * kRowBytes;
  const int query_places = resident ? search.all_chunks : kStages;
  auto& lists = *reinterpret_cast<TopkLists<S::kQueries>*>(query_chunks + query_places * kQueryBytes);

  // Consecutive blocks have the same rows and different queries, so that the rows are read from memory once.
  const auto groups = static_cast<int>(search.padded_queries / S::kQueries);
  const int split = static_cast<int>(blockIdx.x) / groups;
  const int first_query = static_cast<int>(blockIdx.x % groups) * S::kQueries;
  TopkKey* const list = search.lists + static_cast<std::int64_t>(blockIdx.x) * S::kQueries * search.list_size;
  const int warp = static_cast<int>(threadIdx.x) / kWarpSize;
  constexpr int kAlongRows = kTileRows / S::kWarpRows;
  const int query = warp / kAlongRows * S::kWarpQueries, row = warp % kAlongRows * S::kWarpRows;

  lists.start(search, first_query);
  if (resident) {
    for (int chunk = 0; chunk < search.all_chunks; ++chunk) {
      fetch_queries<S>(search, first_query, chunk, query_chunks + chunk * kQueryBytes);
    }
  }
  Fetch next{next_tile(search, search.first_tile + split, kTileRows)};
  const auto fetch = [&](int stage) {
    if (next.tile < search.end_tile) {
      fetch_rows<S>(search, next, row_stages + stage * kRowBytes);
      if (!resident) fetch_queries<S>(search, first_query, next.of_all, query_chunks + stage * kQueryBytes);
      ++next.of_all;
      if (++next.chunk == search.chunks[next.set]) {
        next.chunk = 0;
        if (++next.set == search.n_sets) {
          next.set = next.of_all = 0;
          next.tile = next_tile(search, next.tile + search.splits, kTileRows);
        }
      }
    }
    end_copy_group();
  };
#pragma unroll
  for (int stage = 0; stage < kStages - 1; ++stage) fetch(stage);

  int stage = 0;
  bool full = false;
  for (int tile = next_tile(search, search.first_tile + split, kTileRows); tile < search.end_tile;
       tile = next_tile(search, tile + search.splits, kTileRows)) {
    // A chunk has arrived, and the one before, whose place is filled next, is no longer in use.
    wait_for_copies<kStages - 2>();
    if (__syncthreads_or(full ? 1 : 0) != 0) lists.cut_full(search, list, kTileRows);
    const std::int64_t row_of_tile = static_cast<std::int64_t>(tile) * kTileRows;
    WarpSums<S> sums;
    sums.clear();
    int of_all = 0;
    for (int set = 0; set < search.n_sets; ++set) {
      for (int chunk = 0; chunk < search.chunks[set]; ++chunk, ++of_all) {
        if (of_all > 0) {
          wait_for_copies<kStages - 2>();
          __syncthreads();
        }
        fetch(stage == 0 ? kStages - 1 : stage - 1);
        sums.multiply(query_chunks + (resident ? of_all : stage) * kQueryBytes, row_stages + stage * kRowBytes, query,
                      row);
        stage = stage + 1 == kStages ? 0 : stage + 1;
      }
      if constexpr (S::kScaled) sums.add_scaled(search, set, first_query + query, row_of_tile + row);
    }
    full = offer_scores<S>(search, lists, list, first_query, query, row_of_tile, row, sums.scores());
  }
  wait_for_copies<0>();
  __syncthreads();
  lists.finish(search, list, first_query, split);
}

template <class S>
TopkPlan plan_of(const TopkSearch& search, bool resident, std::size_t shared_bytes_of_block) {
  const std::size_t query_chunks = resident ? static_cast<std::size_t>(search.all_chunks) : kStages;
  TopkPlan plan{.tile_rows = kTileRows, .block_queries = S::kQueries, .resident = resident};
  plan.shared_bytes = (query_chunks * S::kQueries + kStages * kTileRows) * kChunkBytes + sizeof(TopkLists<S::kQueries>);
  // A multiprocessor has 1 KB more than a block may use, and reserves 1 KB per block.
  constexpr std::size_t kReserved = 1024;
  const std::size_t fit = (shared_bytes_of_block + kReserved) / (plan.shared_bytes + kReserved);
  plan.blocks_per_processor = fit < S::kBlocks ? static_cast<int>(fit) : S::kBlocks;
  return plan;
}

template <DType kStorage>
TopkPlan best_plan(const TopkSearch& search, std::size_t shared_bytes_of_block) {
  // Resident queries save more of the second-level cache's bandwidth than a larger tile does.
  for (const bool resident : {true, false}) {
    if constexpr (kStorage == DType::kBF16) {
      if (search.n_queries > Medium<kStorage>::kQueries) {
        const TopkPlan plan = plan_of<LargeBf16>(search, resident, shared_bytes_of_block);
        if (plan.blocks_per_processor > 0) return plan;
      }
    }
    if (search.n_queries > Small<kStorage>::kQueries) {
      const TopkPlan plan = plan_of<Medium<kStorage>>(search, resident, shared_bytes_of_block);
      if (plan.blocks_per_processor > 0) return plan;
    } else {
      const TopkPlan plan = plan_of<Small<kStorage>>(search, resident, shared_bytes_of_block);
      if (plan.blocks_per_processor > 0) return plan;
    }
  }
  return plan_of<Small<kStorage>>(search, false, shared_bytes_of_block);
}

template <DType kStorage>
void launch_storage(const CudaQueue& queue, const TopkPlan& plan, const TopkSearch& search) {
  const auto grid = static_cast<unsigned>(search.padded_queries / plan.block_queries * search.splits);
  if constexpr (kStorage == DType::kBF16) {
    if (plan.block_queries == LargeBf16::kQueries) {
      return launch(queue, topk_tiles_kernel<LargeBf16>, grid, kTopkThreads, plan.shared_bytes, search, plan.resident);
    }
  }
  if (plan.block_queries == Medium<kStorage>::kQueries) {
    launch(queue, topk_tiles_kernel<Medium<kStorage>>, grid, kTopkThreads, plan.shared_bytes, search, plan.resident);
  } else {
    launch(queue, topk_tiles_kernel<Small<kStorage>>, grid, kTopkThreads, plan.shared_bytes, search, plan.resident);
  }
}

}  // namespace

TopkPlan plan_topk_tiles(DType storage, const TopkSearch& search, std::size_t shared_bytes_of_block) {
  return with_storage(storage,
                      [&](auto stored) { return best_plan<decltype(stored)::value>(search, shared_bytes_of_block); });
}

void launch_topk_tiles(const CudaQueue& queue, DType storage, const TopkPlan& plan, const TopkSearch& search) {
  with_storage(storage, [&](auto stored) { launch_storage<decltype(stored)::value>(queue, plan, search); });
}

}  // namespace matinee
