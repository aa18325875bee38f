// Up to 8 queries. A block has every splits-th tile of 256 rows, a warp 32 rows of it. Lane 4·g + t loads units t and t
// + 4 of a chunk of rows g, g + 8, g + 16 and g + 24, 16 bytes each, and those of the next chunk before it multiplies
// this one. What a lane loads is its part of a tensor core's operand without rearrangement, because the order of the
// elements in the sum is free; the queries, in shared memory, have the same order. So rows go straight from memory to
// the tensor cores. float32 is multiplied by the ordinary units and summed over the four lanes of a row.
//
// Bound by memory: the rows are read once, with at most 8 operations per byte of bfloat16. Two blocks of 256 threads
// with 128 bytes each in flight make 64 KB per multiprocessor, twice what hides an H200's latency. A row that a filter
// of all queries excludes is not read.

#include <type_traits>

#include "kernels/cosine_topk/cosine_topk_cuda.h"
#include "kernels/cuda/tensor_core.h"

namespace matinee {
namespace {

constexpr int kWarpRows = 32;
constexpr int kTileRows = kTopkThreads / kWarpSize * kWarpRows;
constexpr int kRowsOfLane = kWarpRows / 8;
constexpr int kBlocks = 2;  // per multiprocessor

// Half a chunk separates the queries in shared memory, so that two consecutive ones, which a quarter of a warp reads at
// once, are in different banks.
__device__ __host__ constexpr int query_stride(int all_chunks) { return all_chunks * kChunkBytes + kChunkBytes / 2; }

// A position in the rows that a block reads.
struct Place {
  int tile = 0, set = 0, chunk = 0;
};

__device__ void step(const TopkSearch& search, Place& at) {
  if (++at.chunk < search.chunks[at.set]) return;
  at.chunk = 0;
  if (++at.set < search.n_sets) return;
  at.set = 0;
  at.tile = next_tile(search, at.tile + search.splits, kTileRows);
}

// A lane's part of half a chunk: unit t of the half, for each of its rows.
struct LaneUnits {
  uint4 of_row[kRowsOfLane];
};

template <DType kStorage>
__device__ void load_units(const TopkSearch& search, const Place& at, int half, int warp_row, LaneUnits& to) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize, g = lane / 4, t = lane % 4;
  const std::int64_t first = static_cast<std::int64_t>(at.tile) * kTileRows + warp_row,
                     width = search.row_bytes[at.set];
  const bool whole = search.whole_units[at.set];
  // The filter of the first query, if it is that of all.
  const bool one_filter = search.filter_stride == 0 || search.n_queries == 1;
  const unsigned wanted = at.tile < search.end_tile ? allowed_rows(search, one_filter ? 0 : -1, first) : 0;
  const int offset = at.chunk * kChunkBytes + (4 * half + t) * kUnitBytes;
  const unsigned char* from = search.rows[at.set] + (first + g) * width;
#pragma unroll
  for (int r = 0; r < kRowsOfLane; ++r, from += 8 * width) {
    to.of_row[r] = make_uint4(0, 0, 0, 0);
    if ((wanted >> (8 * r + g) & 1u) == 0 || offset >= width) continue;
    to.of_row[r] =
        whole ? *reinterpret_cast<const uint4*>(from + offset) : load_elements<kStorage>(from, offset, width);
  }
}

// The scores of a lane: rows g + 8·r, queries 2t and 2t + 1.
struct LaneScores {
  float score[kRowsOfLane][2];
};

template <DType kStorage>
struct LaneSums;

// Sums of tensor core products of 16 rows × 8 queries.
template <class Sum>
struct TensorSums {
  Sum sum[kRowsOfLane / 2][4];

  __device__ void clear() {
#pragma unroll
    for (int m = 0; m < kRowsOfLane / 2; ++m) {
#pragma unroll
      for (int i = 0; i < 4; ++i) sum[m][i] = 0;
    }
  }
  // `queries`: the same half chunk of the first query.
  __device__ void add(const LaneUnits& rows, const unsigned char* queries, int stride) {
    const int lane = static_cast<int>(threadIdx.x) % kWarpSize, g = lane / 4, t = lane % 4;
    const uint4 wanted = *reinterpret_cast<const uint4*>(queries + g * stride + t * kUnitBytes);
    const std::uint32_t b[2][2] = {{wanted.x, wanted.y}, {wanted.z, wanted.w}};
#pragma unroll
    for (int m = 0; m < kRowsOfLane / 2; ++m) {
      const uint4 low = rows.of_row[2 * m], high = rows.of_row[2 * m + 1];
      const std::uint32_t a[2][4] = {{low.x, high.x, low.y, high.y}, {low.z, high.z, low.w, high.w}};
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        if constexpr (std::is_same_v<Sum, int>) {
          mma_int8(sum[m], a[i], b[i]);
        } else {
          mma_bf16(sum[m], a[i], b[i]);
        }
      }
    }
  }
};

template <>
struct LaneSums<DType::kBF16> : TensorSums<float> {
  __device__ void end_set(const TopkSearch&, int, std::int64_t, LaneScores&) {}
  __device__ void end_row(LaneScores& to) {
#pragma unroll
    for (int r = 0; r < kRowsOfLane; ++r) {
#pragma unroll
      for (int e = 0; e < 2; ++e) to.score[r][e] = sum[r / 2][r % 2 * 2 + e];
    }
  }
};

template <>
struct LaneSums<DType::kI8> : TensorSums<int> {
  __device__ void end_set(const TopkSearch& search, int set, std::int64_t first, LaneScores& to) {
    const int lane = static_cast<int>(threadIdx.x) % kWarpSize, g = lane / 4, t = lane % 4;
#pragma unroll
    for (int r = 0; r < kRowsOfLane; ++r) {
      const std::int64_t row = first + 8 * r + g;
      const float of_row = row < search.n_rows ? __ldg(search.row_scales[set] + row) : 0;
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const float scale = __fmul_rn(of_row, __ldg(search.query_scales + set * search.padded_queries + 2 * t + e));
        to.score[r][e] = fmaf(static_cast<float>(sum[r / 2][r % 2 * 2 + e]), scale, to.score[r][e]);
      }
    }
    clear();
  }
  __device__ void end_row(LaneScores&) {}
};

template <>
struct LaneSums<DType::kF32> {
  float sum[kRowsOfLane][kStreamQueries];

  __device__ void clear() {
#pragma unroll
    for (int r = 0; r < kRowsOfLane; ++r) {
#pragma unroll
      for (int q = 0; q < kStreamQueries; ++q) sum[r][q] = 0;
    }
  }
  __device__ void add(const LaneUnits& rows, const unsigned char* queries, int stride) {
    const int t = static_cast<int>(threadIdx.x) % 4;
#pragma unroll
    for (int q = 0; q < kStreamQueries; ++q) {
      const float4 wanted = *reinterpret_cast<const float4*>(queries + q * stride + t * kUnitBytes);
#pragma unroll
      for (int r = 0; r < kRowsOfLane; ++r) {
        const uint4 row = rows.of_row[r];
        float& to = sum[r][q];
        to = fmaf(wanted.x, __uint_as_float(row.x), to);
        to = fmaf(wanted.y, __uint_as_float(row.y), to);
        to = fmaf(wanted.z, __uint_as_float(row.z), to);
        to = fmaf(wanted.w, __uint_as_float(row.w), to);
      }
    }
  }
  __device__ void end_set(const TopkSearch&, int, std::int64_t, LaneScores&) {}
  __device__ void end_row(LaneScores& to) {
    const int t = static_cast<int>(threadIdx.x) % 4;
#pragma unroll
    for (int r = 0; r < kRowsOfLane; ++r) {
#pragma unroll
      for (int q = 0; q < kStreamQueries; ++q) {
        sum[r][q] += __shfl_xor_sync(kWholeWarp, sum[r][q], 1);
        sum[r][q] += __shfl_xor_sync(kWholeWarp, sum[r][q], 2);
        if (q / 2 == t) to.score[r][q % 2] = sum[r][q];
      }
    }
  }
};

template <DType kStorage>
__global__ void __launch_bounds__(kTopkThreads, kBlocks) topk_stream_kernel(TopkSearch search) {
  auto& lists = *dynamic_shared<TopkLists<kStreamQueries>>();
  auto* const queries = reinterpret_cast<unsigned char*>(&lists + 1);
  const int stride = query_stride(search.all_chunks);
  const int split = static_cast<int>(blockIdx.x);
  TopkKey* const list = search.lists + static_cast<std::int64_t>(blockIdx.x) * kStreamQueries * search.list_size;
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize, g = lane / 4, t = lane % 4;
  const int warp_row = static_cast<int>(threadIdx.x) / kWarpSize * kWarpRows;

  const int units = search.all_chunks * kUnitsOfChunk;
  for (int i = static_cast<int>(threadIdx.x); i < kStreamQueries * units; i += kTopkThreads) {
    const int q = i / units, unit = i % units;
    *reinterpret_cast<uint4*>(queries + q * stride + unit * kUnitBytes) =
        *reinterpret_cast<const uint4*>(search.queries + static_cast<std::int64_t>(i) * kUnitBytes);
  }
  lists.start(search, 0);
  Place at{next_tile(search, search.first_tile + split, kTileRows)};
  LaneUnits units_of[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) load_units<kStorage>(search, at, half, warp_row, units_of[half]);
  __syncthreads();

  while (at.tile < search.end_tile) {
    const std::int64_t first = static_cast<std::int64_t>(at.tile) * kTileRows + warp_row;
    LaneSums<kStorage> sums;
    LaneScores scores{};
    sums.clear();
    int of_all = 0;
    for (int set = 0; set < search.n_sets; ++set) {
      for (int chunk = 0; chunk < search.chunks[set]; ++chunk, ++of_all) {
        step(search, at);
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          sums.add(units_of[half], queries + of_all * kChunkBytes + half * (kChunkBytes / 2), stride);
          load_units<kStorage>(search, at, half, warp_row, units_of[half]);
        }
      }
      sums.end_set(search, set, first, scores);
    }
    sums.end_row(scores);

    bool full = false;
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      const int q = 2 * t + e;
      const float threshold = lists.threshold[q];
      bool any = false;
#pragma unroll
      for (int r = 0; r < kRowsOfLane; ++r) any |= scores.score[r][e] >= threshold;
      if (!any || q >= search.n_queries) continue;
      const unsigned allowed = allowed_rows(search, q, first);
#pragma unroll
      for (int r = 0; r < kRowsOfLane; ++r) {
        if (scores.score[r][e] >= threshold && (allowed >> (8 * r + g) & 1u) != 0) {
          full |= lists.offer(search, list, q, scores.score[r][e], first + 8 * r + g, kTileRows);
        }
      }
    }
    if (__syncthreads_or(full ? 1 : 0) != 0) lists.cut_full(search, list, kTileRows);
  }
  lists.finish(search, list, 0, split);
}

}  // namespace

TopkPlan plan_topk_stream(const TopkSearch& search, std::size_t shared_bytes_of_block) {
  TopkPlan plan{.tile_rows = kTileRows, .block_queries = kStreamQueries, .resident = true};
  plan.shared_bytes =
      sizeof(TopkLists<kStreamQueries>) + kStreamQueries * static_cast<std::size_t>(query_stride(search.all_chunks));
  plan.blocks_per_processor = 2 * plan.shared_bytes <= shared_bytes_of_block ? kBlocks
                              : plan.shared_bytes <= shared_bytes_of_block   ? 1
                                                                             : 0;
  return plan;
}

void launch_topk_stream(const CudaQueue& queue, DType storage, const TopkPlan& plan, const TopkSearch& search) {
  with_storage(storage, [&](auto stored) {
    launch(queue, topk_stream_kernel<decltype(stored)::value>, static_cast<unsigned>(search.splits), kTopkThreads,
           plan.shared_bytes, search);
  });
}

}  // namespace matinee
