// The search on CUDA. The queries are converted to the storage format of the rows. Then rows are searched in a few
// rounds of growing ranges: a kernel scores them (cosine_topk_tiles_cuda.cu, or cosine_topk_stream_cuda.cu for few
// queries) and merge_kernel merges what its blocks found with the rounds before. The k-th best score of a round is the
// threshold of the next; blocks that know only their own rows would keep many times as many candidates.
//
// The order of the threads affects only the places of candidates in a list. All keys differ and the kept set is always
// the same, and the merge sorts it, so the result is deterministic.

#include "kernels/context.h"
#include "kernels/cosine_topk/cosine_topk_cuda.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr std::int64_t kQueryBatch = 4096;
constexpr int kPrepareThreads = 128;
constexpr int kMergeThreads = 512;
constexpr int kKeysOfThread = 4;
constexpr int kMergeKeys = 4096;
constexpr int kMergeFull = kMergeKeys - kMergeThreads * kKeysOfThread;
static_assert(kTopkMost <= kMergeFull, "the best must leave room for another batch of keys");

template <DType kStorage>
using StoredOf = std::conditional_t<kStorage == DType::kF32, float,
                                    std::conditional_t<kStorage == DType::kBF16, std::uint16_t, std::int8_t>>;

struct QuerySets {
  std::int64_t first = 0;  ///< the batch's first query
  std::int64_t dim[CosineTopkArgs::kMaxSets];
  const float* queries[CosineTopkArgs::kMaxSets];
  const float* weights[CosineTopkArgs::kMaxSets];
};

// Converts the queries, a block for each; those past the batch become zeros.
template <DType kStorage>
__global__ void prepare_kernel(TopkSearch search, QuerySets sets, unsigned char* prepared, float* scales) {
  __shared__ float room[kPrepareThreads / kWarpSize];
  using Stored = StoredOf<kStorage>;
  constexpr std::int64_t kOfChunk = kChunkBytes / static_cast<std::int64_t>(sizeof(Stored));
  const std::int64_t q = blockIdx.x;
  auto* to = reinterpret_cast<Stored*>(prepared + q * search.all_chunks * kChunkBytes);
  for (int s = 0; s < search.n_sets; ++s) {
    const std::int64_t dim = q < search.n_queries ? sets.dim[s] : 0;
    const float* query = sets.queries[s] + (sets.first + q) * sets.dim[s];
    const float weight = dim > 0 ? sets.weights[s][sets.first + q] : 0;
    float inverse = 0;
    if constexpr (kStorage == DType::kI8) {
      float most = 0, finite = 0;
      for (std::int64_t i = threadIdx.x; i < dim; i += kPrepareThreads) {
        const float value = fabsf(__fmul_rn(weight, query[i]));
        most = fmaxf(most, value);
        if (!(value < INFINITY)) finite = 1;
      }
      most = block_max<kPrepareThreads>(most, room);
      const bool broken = block_max<kPrepareThreads>(finite, room) != 0;
      if (broken || most < 1.17549435e-38f) most = 0;  // FLT_MIN
      if (most > 0) inverse = __fmul_rn(1.0f / most, 127.0f);
      if (threadIdx.x == 0) {
        scales[s * search.padded_queries + q] = broken ? __uint_as_float(0x7fffffffu) : most / 127.0f;
      }
    }
    for (std::int64_t i = threadIdx.x; i < search.chunks[s] * kOfChunk; i += kPrepareThreads) {
      const float value = i < dim ? __fmul_rn(weight, query[i]) : 0;
      if constexpr (kStorage == DType::kI8) {
        to[i] = static_cast<std::int8_t>(inverse == 0 ? 0 : __float2int_rn(__fmul_rn(value, inverse)));
      } else if constexpr (kStorage == DType::kBF16) {
        to[i] = bf16_of_float(value);
      } else {
        to[i] = value;
      }
    }
    to += search.chunks[s] * kOfChunk;
  }
}

// Outputs of the merge: the keys for the next round and, in the last, the result.
struct MergeTargets {
  TopkKey* keys = nullptr;      ///< [n_queries, k]
  std::int32_t* ids = nullptr;  ///< of the batch's first query, or null
  float* scores = nullptr;
  std::int64_t stride = 0;  ///< from one query's ids to the next
};

// Sorts keys[0, size) in descending order by a bitonic network; `size` is a power of two. Ends with a barrier.
__device__ void sort_keys(TopkKey* keys, int size) {
  for (int run = 2; run <= size; run *= 2) {
    for (int step = run / 2; step > 0; step /= 2) {
      for (int i = static_cast<int>(threadIdx.x); i < size / 2; i += kMergeThreads) {
        const int low = i / step * 2 * step + i % step, high = low + step;
        const bool falling = (low & run) == 0;
        const TopkKey a = keys[low], b = keys[high];
        if ((a < b) == falling) {
          keys[low] = b;
          keys[high] = a;
        }
      }
      __syncthreads();
    }
  }
}

// A block for each query gathers the keys that the splits and the rounds before found, and cuts them to the k best
// whenever the shared memory is full.
__global__ void __launch_bounds__(kMergeThreads) merge_kernel(TopkSearch search, MergeTargets to) {
  __shared__ TopkKey keys[kMergeKeys];
  __shared__ int count;
  const std::int64_t query = blockIdx.x;
  const int k = search.k;
  const int lists = search.splits + (search.before != nullptr ? 1 : 0);
  const int total = lists * k;
  TopkKey floor = 0;
  if (threadIdx.x == 0) count = 0;
  __syncthreads();
  for (int first = 0; first < total; first += kMergeThreads * kKeysOfThread) {
#pragma unroll
    for (int i = 0; i < kKeysOfThread; ++i) {
      const int at = first + i * kMergeThreads + static_cast<int>(threadIdx.x);
      if (at >= total) continue;
      const int list = at / k;
      const TopkKey* from =
          list < search.splits ? search.found + (list * search.n_queries + query) * k : search.before + query * k;
      const TopkKey key = from[at % k];
      if (key > floor) keys[atomicAdd(&count, 1)] = key;
    }
    __syncthreads();
    const int size = count;
    const bool last = first + kMergeThreads * kKeysOfThread >= total;
    if (size > kMergeFull || last) {
      int padded = 1;
      while (padded < size || padded < k) padded *= 2;
      for (int i = size + static_cast<int>(threadIdx.x); i < padded; i += kMergeThreads) keys[i] = 0;
      __syncthreads();
      sort_keys(keys, padded);
      floor = keys[k - 1];
      if (threadIdx.x == 0) count = size < k ? size : k;
    }
    __syncthreads();
  }
  for (int i = static_cast<int>(threadIdx.x); i < k; i += kMergeThreads) {
    const TopkKey key = keys[i];
    to.keys[query * k + i] = key;
    if (to.ids == nullptr) continue;
    to.ids[query * to.stride + i] = key == 0 ? -1 : row_of(key);
    to.scores[query * to.stride + i] = key == 0 ? -INFINITY : score_of(key);
  }
}

__global__ void fill_none_kernel(std::int64_t n, std::int32_t* ids, float* scores) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= n) return;
  ids[i] = -1;
  scores[i] = -INFINITY;
}

// The part of a search that does not depend on the queries.
TopkSearch search_of(const CosineTopkArgs& args) {
  TopkSearch search{.n_rows = args.n_rows, .n_sets = args.n_sets};
  const auto bytes = static_cast<std::int64_t>(size_of(args.storage));
  for (int s = 0; s < args.n_sets; ++s) {
    const VectorSet& set = args.sets[s];
    search.rows[s] = static_cast<const unsigned char*>(set.rows);
    search.row_scales[s] = set.row_scales;
    search.row_bytes[s] = set.dim * bytes;
    search.chunks[s] = static_cast<int>(blocks_for(set.dim * bytes, kChunkBytes));
    if (search.chunks[s] == 0) search.chunks[s] = 1;  // a chunk of zeros, so that every set has one
    search.whole_units[s] =
        search.row_bytes[s] % kUnitBytes == 0 && reinterpret_cast<std::uintptr_t>(set.rows) % kUnitBytes == 0;
    search.all_chunks += search.chunks[s];
  }
  search.filter_stride = args.filter_stride;
  return search;
}

void prepare(const CudaQueue& queue, const CosineTopkArgs& args, std::int64_t first, const TopkSearch& search,
             unsigned char* prepared, float* scales) {
  QuerySets sets{.first = first, .dim = {}, .queries = {}, .weights = {}};
  for (int s = 0; s < args.n_sets; ++s) {
    sets.dim[s] = args.sets[s].dim;
    sets.queries[s] = args.sets[s].queries;
    sets.weights[s] = args.sets[s].weights;
  }
  with_storage(args.storage, [&](auto storage) {
    launch(queue, prepare_kernel<decltype(storage)::value>, static_cast<unsigned>(search.padded_queries),
           kPrepareThreads, 0, search, sets, prepared, scales);
  });
}

// Searches for the queries [first, first + n).
void search_batch(Context& context, const CosineTopkArgs& args, std::int64_t first, std::int64_t n) {
  const CudaQueue& queue = queue_of(context);
  Scratch& scratch = context.scratch();
  const ScratchScope scope(scratch);
  const auto take_keys = [&](std::int64_t count) {
    return scratch.take_array<TopkKey>(static_cast<std::size_t>(count));
  };

  TopkSearch search = search_of(args);
  search.n_queries = n;
  if (args.filter != nullptr) search.filter = args.filter + first * args.filter_stride;
  TopkPlan plan;
  if (n <= kStreamQueries) plan = plan_topk_stream(search, queue.shared_bytes_of_block());
  const bool stream = plan.blocks_per_processor > 0 && n <= kStreamQueries;
  if (!stream) plan = plan_topk_tiles(args.storage, search, queue.shared_bytes_of_block());

  search.padded_queries = blocks_for(n, plan.block_queries) * plan.block_queries;
  auto* prepared = scratch.take_array<unsigned char>(
      static_cast<std::size_t>(search.padded_queries * search.all_chunks * kChunkBytes));
  auto* scales = scratch.take_array<float>(static_cast<std::size_t>(search.padded_queries * search.n_sets));
  search.queries = prepared;
  search.query_scales = scales;
  prepare(queue, args, first, search, prepared, scales);

  const auto tiles = static_cast<int>(blocks_for(args.n_rows, plan.tile_rows));
  const std::int64_t groups = search.padded_queries / plan.block_queries;
  const std::int64_t room = queue.multiprocessors() * plan.blocks_per_processor / groups;
  search.splits = static_cast<int>(room < 1 ? 1 : room < tiles ? room : tiles);
  const std::int64_t most = args.k < kTopkMost ? args.k : kTopkMost;
  search.list_size = topk_list_size(static_cast<int>(most), plan.tile_rows);
  search.lists = take_keys(search.splits * search.padded_queries * search.list_size);
  search.found = take_keys(search.splits * n * most);
  // Two buffers each in turn: a merge's output is read by the next round, or by all rounds of the next kTopkMost ranks.
  TopkKey* const rounds[2] = {take_keys(n * most), take_keys(n * most)};
  TopkKey* const ranks[2] = {take_keys(n * most), take_keys(n * most)};

  const int growth = stream ? 128 : 16;
  int rank = 0;
  for (std::int64_t done = 0; done < args.k; done += kTopkMost, rank ^= 1) {
    search.k = static_cast<int>(args.k - done < kTopkMost ? args.k - done : kTopkMost);
    search.below = done == 0 ? nullptr : ranks[rank ^ 1];
    search.before = nullptr;
    int round = 0;
    search.end_tile = 0;
    while (search.end_tile < tiles) {
      search.first_tile = search.end_tile;
      search.end_tile = search.first_tile == 0 ? 2 * search.splits : search.first_tile * growth;
      // The last round takes the rest if less than half of the tiles would remain.
      if (search.end_tile > tiles / 2) search.end_tile = tiles;
      if (stream) {
        launch_topk_stream(queue, args.storage, plan, search);
      } else {
        launch_topk_tiles(queue, args.storage, plan, search);
      }
      const bool last = search.end_tile == tiles;
      MergeTargets to{.keys = last ? ranks[rank] : rounds[round]};
      if (last) {
        to.ids = args.ids + first * args.k + done;
        to.scores = args.scores + first * args.k + done;
        to.stride = args.k;
      }
      launch(queue, merge_kernel, static_cast<unsigned>(n), kMergeThreads, 0, search, to);
      search.before = to.keys;
      round ^= 1;
    }
  }
}

}  // namespace

void cosine_topk_cuda(Context& context, const CosineTopkArgs& args) {
  if (args.n_rows == 0) {
    constexpr int kThreads = 256;
    const std::int64_t n = args.n_queries * args.k;
    launch(queue_of(context), fill_none_kernel, static_cast<unsigned>(blocks_for(n, kThreads)), kThreads, 0, n,
           args.ids, args.scores);
    return;
  }
  for (std::int64_t first = 0; first < args.n_queries; first += kQueryBatch) {
    const std::int64_t n = args.n_queries - first < kQueryBatch ? args.n_queries - first : kQueryBatch;
    search_batch(context, args, first, n);
  }
}

}  // namespace matinee
