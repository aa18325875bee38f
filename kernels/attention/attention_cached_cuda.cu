// Attention of new tokens over a cache of keys and values.
//
// Up to kMaxQueries tokens, as in decoding: the cache is split into parts of kKeys positions (Dao et al. 2023,
// "Flash-Decoding"). A block of part_kernel computes the attention of all query heads of one key/value head over one
// part, so the cache is read once, and appends the part's new keys and values to the cache. join_kernel combines the
// parts in order. The first part begins at the first key that any query sees, by the position in the device's memory.
// Blocks are launched for the longest possible cache, and those past this one's end return at once, so the result does
// not depend on the size of the launch. Bound by memory: 8 bytes for each element of a key/value pair. A block requests
// its whole part at once, 64 KB at a head size of 128; two or three blocks per multiprocessor are more than enough to
// hide the memory's latency. float32 arithmetic keeps up with up to about 16 rows. Share of the bandwidth: not
// measured.
//
// More tokens, as in a prompt, are bound by arithmetic and go to attention_cuda.cu.

#include <algorithm>
#include <climits>
#include <cmath>

#include "kernels/attention/attention_tiles_cuda.h"
#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr std::int64_t kMaxQueries = 8;  // of the split over parts
constexpr int kThreads = 128, kWarps = kThreads / kWarpSize;
constexpr int kRows = 16;       // queries times heads of a group, of a block
constexpr int kRowsOfTurn = 4;  // rows that are multiplied by the values together
constexpr int kLanesOfKey = 8;  // lanes that share the elements of two keys
constexpr int kKeysOfTurn = 2 * kThreads / kLanesOfKey;
static_assert(kRows % kRowsOfTurn == 0, "the scores have room for the rows that pad the last turn");
static_assert(kWarpSize % kLanesOfKey == 0, "the lanes of a key are in one warp");

template <int kDim>
struct Shape {
  static constexpr int kKeys = kDim <= 128 ? 64 : 32;
  static constexpr int kQuads = kDim / 4;
  static constexpr int kGroups = kThreads / kQuads;  // of threads, each with a share of the keys in the second product
  static constexpr std::size_t kSharedBytes =
      sizeof(float) * static_cast<std::size_t>(2 * kKeys * kDim + kRows * kDim + kRows * kKeys);
  static_assert(kSharedBytes <= kSharedBytesEverywhere);
  static_assert(kKeys % kKeysOfTurn == 0 && kKeys % kWarpSize == 0, "every thread has keys in every turn");
  static_assert(kGroups * kRowsOfTurn <= kKeys, "the groups' sums fit into the keys' memory");
};

struct Problem {
  int n_rows, group, n_kv_heads, head_dim;
  SeenKeys seen;
  ScoreScale score;
  const float* q;
  const float* k;  // of the new tokens
  const float* v;
  float* k_cache;
  float* v_cache;
  float* sums;    // [n_kv_heads, n_rows, parts, kDim]
  float2* stats;  // [n_kv_heads, n_rows, parts]: the largest exponent of 2, and the sum of the powers relative to it
  bool vector;    // rows begin at multiples of 16 bytes
};

// One part of the cache, as one block works on it.
template <int kDim>
struct Part {
  using S = Shape<kDim>;
  const Problem& p;
  float* keys;           // [kKeys, kDim], in shared memory as the next three
  float* values;         // [kKeys, kDim]
  float* queries;        // [kRows, kDim]
  float* scores;         // [kRows, kKeys]
  int head, number;      // the key/value head; the part
  int first_row, rows;   // row r of the problem is query r / group
  int first_position;    // of the new tokens
  int first;             // the part's first position
  int present;           // keys of the part
  int cached;            // keys from this one on are new
  std::int64_t n_parts;  // of the launch
  std::int64_t first_out;

  // Starts to copy keys or values to shared memory, and appends new ones to the cache.
  __device__ void fetch(float* to, float* cache, const float* added) const {
    const int thread = static_cast<int>(threadIdx.x);
    for (int i = thread; i < S::kKeys * S::kQuads; i += kThreads) {
      const int key = i / S::kQuads, column = i % S::kQuads * 4;
      const bool is_new = key >= cached;
      const std::int64_t row = is_new ? key - cached : first + key;
      const float* from = (is_new ? added : cache) + (row * p.n_kv_heads + head) * p.head_dim;
      if (p.vector && key < present && column < p.head_dim) {
        copy_async(to + 4 * i, from + column);
      } else {
        const float4 value = key < present ? load4(from, column, p.head_dim, false) : all4(0);
        *reinterpret_cast<float4*>(to + 4 * i) = value;
      }
    }
    end_copy_group();
    if (blockIdx.z > 0) return;  // the first block of rows appends
    for (int i = thread + (cached > 0 ? cached : 0) * S::kQuads; i < present * S::kQuads; i += kThreads) {
      const int key = i / S::kQuads, column = i % S::kQuads * 4;
      const std::int64_t row = (static_cast<std::int64_t>(key - cached) * p.n_kv_heads + head) * p.head_dim;
      const std::int64_t place = (static_cast<std::int64_t>(first + key) * p.n_kv_heads + head) * p.head_dim;
      store4(cache + place, column, p.head_dim, load4(added + row, column, p.head_dim, p.vector), p.vector);
    }
  }

  __device__ void load_queries() const {
    for (int i = static_cast<int>(threadIdx.x); i < rows * S::kQuads; i += kThreads) {
      const int row = first_row + i / S::kQuads;
      const std::int64_t query_head = (static_cast<std::int64_t>(row / p.group) * p.n_kv_heads + head) * p.group;
      *reinterpret_cast<float4*>(queries + 4 * i) =
          load4(p.q + (query_head + row % p.group) * p.head_dim, i % S::kQuads * 4, p.head_dim, p.vector);
    }
  }

  // scores = queries·keysᵀ. Eight lanes share two keys: each holds every eighth quad of both in registers.
  __device__ void score_keys() const {
    const int thread = static_cast<int>(threadIdx.x);
    for (int turn = 0; turn < S::kKeys; turn += kKeysOfTurn) {
      const int key = turn + thread / kLanesOfKey * 2, share = thread % kLanesOfKey * 4;
      float4 mine[kDim / 32][2];
#pragma unroll
      for (int i = 0; i < kDim / 32; ++i) {
        mine[i][0] = *reinterpret_cast<const float4*>(keys + key * kDim + 32 * i + share);
        mine[i][1] = *reinterpret_cast<const float4*>(keys + (key + 1) * kDim + 32 * i + share);
      }
      for (int row = 0; row < rows; ++row) {
        float dot[2] = {};
#pragma unroll
        for (int i = 0; i < kDim / 32; ++i) {
          const float4 query = *reinterpret_cast<const float4*>(queries + row * kDim + 32 * i + share);
          dot[0] = dot4(query, mine[i][0], dot[0]);
          dot[1] = dot4(query, mine[i][1], dot[1]);
        }
#pragma unroll
        for (int step = kLanesOfKey / 2; step > 0; step /= 2) {
          dot[0] += __shfl_xor_sync(kWholeWarp, dot[0], step);
          dot[1] += __shfl_xor_sync(kWholeWarp, dot[1], step);
        }
        if (share == 0) *reinterpret_cast<float2*>(scores + row * S::kKeys + key) = make_float2(dot[0], dot[1]);
      }
    }
  }

  // Replaces scores by weights relative to each row's largest, and writes the row's stats. A warp has one row at a
  // time.
  __device__ void weigh_keys() const {
    const int lane = static_cast<int>(threadIdx.x) % kWarpSize, warp = static_cast<int>(threadIdx.x) / kWarpSize;
    for (int row = warp; row < (rows + kRowsOfTurn - 1) / kRowsOfTurn * kRowsOfTurn; row += kWarps) {
      const int position = first_position + (first_row + row) / p.group;
      float power[S::kKeys / kWarpSize], largest = -INFINITY, total = 0;
#pragma unroll
      for (int i = 0; i < S::kKeys / kWarpSize; ++i) {
        const int at = i * kWarpSize + lane, key = first + at;
        // Rows that pad the turn, and keys that the row does not see, have weight 0.
        const bool sees = row < rows && key <= position && key > position - p.seen.window;
        power[i] = sees ? p.score(scores[row * S::kKeys + at]) : -INFINITY;
        largest = fmaxf(largest, power[i]);
      }
      largest = warp_max(largest);
      const float shift = largest == -INFINITY ? 0.0f : largest;
#pragma unroll
      for (int i = 0; i < S::kKeys / kWarpSize; ++i) {
        const float weight = exp2f(power[i] - shift);
        scores[row * S::kKeys + i * kWarpSize + lane] = weight;
        total += weight;
      }
      total = warp_sum(total);
      if (lane == 0 && row < rows) p.stats[first_out + row * n_parts + number] = make_float2(largest, total);
    }
  }

  // sums = weights·values. A thread sums four columns of four rows over every kGroups-th value; the groups' sums are
  // added in the memory of the keys.
  __device__ void sum_values() const {
    const int thread = static_cast<int>(threadIdx.x), quad = thread % S::kQuads, group = thread / S::kQuads;
    for (int turn = 0; turn < rows; turn += kRowsOfTurn) {
      float4 sum[kRowsOfTurn];
#pragma unroll
      for (int r = 0; r < kRowsOfTurn; ++r) sum[r] = all4(0);
      if (group < S::kGroups) {
        for (int key = group; key < present; key += S::kGroups) {
          const float4 value = *reinterpret_cast<const float4*>(values + key * kDim + 4 * quad);
#pragma unroll
          for (int r = 0; r < kRowsOfTurn; ++r) {
            sum[r] = fma4(all4(scores[(turn + r) * S::kKeys + key]), value, sum[r]);
          }
        }
#pragma unroll
        for (int r = 0; r < kRowsOfTurn; ++r) {
          *reinterpret_cast<float4*>(keys + (group * kRowsOfTurn + r) * kDim + 4 * quad) = sum[r];
        }
      }
      __syncthreads();
      for (int i = thread; i < kRowsOfTurn * S::kQuads && turn + i / S::kQuads < rows; i += kThreads) {
        float4 all = *reinterpret_cast<const float4*>(keys + 4 * i);
        for (int g = 1; g < S::kGroups; ++g) {
          all = add4(all, *reinterpret_cast<const float4*>(keys + g * kRowsOfTurn * kDim + 4 * i));
        }
        const std::int64_t out = first_out + (turn + i / S::kQuads) * n_parts + number;
        *reinterpret_cast<float4*>(p.sums + out * kDim + i % S::kQuads * 4) = all;
      }
      __syncthreads();
    }
  }
};

// blockIdx.x is the part, y the key/value head, z the block of rows.
template <int kDim>
__global__ void __launch_bounds__(kThreads) part_kernel(Problem p) {
  using S = Shape<kDim>;
  auto* shared = dynamic_shared<float>();
  const int number = static_cast<int>(blockIdx.x), head = static_cast<int>(blockIdx.y);
  const int first_row = static_cast<int>(blockIdx.z) * kRows, rows_left = p.n_rows - first_row;
  const int first = p.seen.first() + number * S::kKeys, first_position = *p.seen.first_position;
  const int keys_left = first_position + p.seen.n_queries - first;
  if (keys_left <= 0) return;
  const std::int64_t n_parts = gridDim.x;
  const Part<kDim> part{.p = p,
                        .keys = shared,
                        .values = shared + S::kKeys * kDim,
                        .queries = shared + 2 * S::kKeys * kDim,
                        .scores = shared + (2 * S::kKeys + kRows) * kDim,
                        .head = head,
                        .number = number,
                        .first_row = first_row,
                        .rows = rows_left < kRows ? rows_left : kRows,
                        .first_position = first_position,
                        .first = first,
                        .present = keys_left < S::kKeys ? keys_left : S::kKeys,
                        .cached = first_position - first,
                        .n_parts = n_parts,
                        .first_out = (static_cast<std::int64_t>(head) * p.n_rows + first_row) * n_parts};
  part.fetch(part.keys, p.k_cache, p.k);
  part.fetch(part.values, p.v_cache, p.v);
  part.load_queries();
  wait_for_copies<1>();  // the keys
  __syncthreads();
  part.score_keys();
  __syncthreads();
  part.weigh_keys();
  wait_for_copies<0>();  // the values
  __syncthreads();
  part.sum_values();
}

// Sums the parts of a row, weighted relative to the largest exponent of all. blockIdx.x is the row, y the key/value
// head; sums and stats of consecutive rows are part_stride parts apart.
template <int kDim>
__global__ void __launch_bounds__(kThreads) join_kernel(Problem p, int part_stride, float* out) {
  using S = Shape<kDim>;
  __shared__ float room[kWarps];
  __shared__ float4 sums[S::kGroups][S::kQuads];
  const int thread = static_cast<int>(threadIdx.x), row = static_cast<int>(blockIdx.x);
  const int head = static_cast<int>(blockIdx.y);
  const int n_parts = (p.seen.count() + S::kKeys - 1) / S::kKeys;
  const std::int64_t first = (static_cast<std::int64_t>(head) * p.n_rows + row) * part_stride;
  float largest = -INFINITY, total = 0;
  for (int part = thread; part < n_parts; part += kThreads) largest = fmaxf(largest, p.stats[first + part].x);
  largest = block_max<kThreads>(largest, room);
  for (int part = thread; part < n_parts; part += kThreads) {
    const float2 stats = p.stats[first + part];
    total = fmaf(stats.y, exp2f(stats.x - largest), total);
  }
  total = block_sum<kThreads>(total, room);

  const int quad = thread % S::kQuads, group = thread / S::kQuads;
  if (group < S::kGroups) {
    float4 sum = all4(0);
    for (int part = group; part < n_parts; part += S::kGroups) {
      const float4 value = *reinterpret_cast<const float4*>(p.sums + (first + part) * kDim + 4 * quad);
      sum = fma4(all4(exp2f(p.stats[first + part].x - largest)), value, sum);
    }
    sums[group][quad] = sum;
  }
  __syncthreads();
  if (thread >= S::kQuads) return;
  float4 sum = sums[0][quad];
  for (int g = 1; g < S::kGroups; ++g) sum = add4(sum, sums[g][quad]);
  const std::int64_t query_head = (static_cast<std::int64_t>(row / p.group) * p.n_kv_heads + head) * p.group;
  store4(out + (query_head + row % p.group) * p.head_dim, 4 * quad, p.head_dim, mul4(sum, all4(1.0f / total)),
         p.vector);
}

// Appends k and v, n elements each, to the caches; a thread copies every element of its grid stride.
__global__ void __launch_bounds__(kThreads)
    add_kernel(const std::int32_t* first_position, std::int64_t width, std::int64_t n, const float* __restrict__ k,
               const float* __restrict__ v, float* __restrict__ k_cache, float* __restrict__ v_cache) {
  const std::int64_t place = *first_position * width;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < n; i += step) {
    k_cache[place + i] = k[i];
    v_cache[place + i] = v[i];
  }
}

void attend_in_parts(Context& context, const CachedSequence& args, std::int64_t window, std::int64_t max_keys) {
  const CudaQueue& queue = queue_of(context);
  const ScratchScope scope(context.scratch());
  const std::int64_t group = args.n_heads / args.n_kv_heads, n_rows = args.n_queries * group;
  with_padded_dim(args.head_dim, [&](auto dim) {
    constexpr int kDim = decltype(dim)::value;
    using S = Shape<kDim>;
    const std::int64_t n_parts = blocks_for(max_keys, S::kKeys);
    const auto floats = static_cast<std::size_t>(args.n_kv_heads * n_rows * n_parts);
    const Problem problem{
        .n_rows = static_cast<int>(n_rows),
        .group = static_cast<int>(group),
        .n_kv_heads = static_cast<int>(args.n_kv_heads),
        .head_dim = static_cast<int>(args.head_dim),
        .seen = {args.first_position, static_cast<int>(args.n_queries), static_cast<int>(window)},
        .score = {args.scale, args.softcap},
        .q = args.q,
        .k = args.k,
        .v = args.v,
        .k_cache = args.k_cache,
        .v_cache = args.v_cache,
        .sums = context.scratch().take_array<float>(floats * kDim),
        .stats = context.scratch().take_array<float2>(floats),
        .vector = rows_on_16_bytes(args.head_dim, args.q, args.k, args.v, args.k_cache, args.v_cache, args.out)};
    launch(queue, part_kernel<kDim>,
           dim3(static_cast<unsigned>(n_parts), static_cast<unsigned>(args.n_kv_heads),
                static_cast<unsigned>(blocks_for(n_rows, kRows))),
           kThreads, S::kSharedBytes, problem);
    launch(queue, join_kernel<kDim>, dim3(static_cast<unsigned>(n_rows), static_cast<unsigned>(args.n_kv_heads)),
           kThreads, 0, problem, static_cast<int>(n_parts), args.out);
  });
}

void attend(Context& context, const CachedSequence& args) {
  require(args.max_tokens <= INT_MAX - kPaddedTokens, "attention_cached", "positions fit into 31 bits");
  const std::int64_t window = args.window == 0 ? args.max_tokens : std::min(args.window, args.max_tokens);
  const std::int64_t max_keys = std::min(args.max_tokens, window + args.n_queries - 1);
  if (args.n_queries <= kMaxQueries) return attend_in_parts(context, args, window, max_keys);
  const CudaQueue& queue = queue_of(context);
  const std::int64_t width = args.n_kv_heads * args.head_dim, n = args.n_queries * width;
  launch(queue, add_kernel, queue.grid_for(n, kThreads), kThreads, 0, args.first_position, width, n, args.k, args.v,
         args.k_cache, args.v_cache);
  attend_in_tiles(context, {.n_queries = args.n_queries,
                            .max_keys = max_keys,
                            .n_heads = args.n_heads,
                            .n_kv_heads = args.n_kv_heads,
                            .head_dim = args.head_dim,
                            .first_position = args.first_position,
                            .scale = args.scale,
                            .window = window,
                            .softcap = args.softcap,
                            .q = args.q,
                            .k = args.k_cache,
                            .v = args.v_cache,
                            .out = args.out,
                            .precision = args.precision});
}

}  // namespace

void attention_cached_cuda(Context& context, const CachedAttentionArgs& args) {
  for (const CachedSequence& sequence : args.sequences) {
    if (sequence.n_queries > 0) attend(context, sequence);
  }
}

}  // namespace matinee
