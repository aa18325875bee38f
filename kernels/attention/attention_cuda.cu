// Attention forward on tensor cores (Dao 2023, "FlashAttention-2", arXiv:2307.08691, algorithm 1). A block has a tile
// of queries of one head, 16 per warp, and loops over the tiles of keys that any of them sees. A warp keeps its
// queries' sums in registers and computes a tile's scores, its probabilities and their product with the values without
// leaving them. The tile's values are copied to shared memory while the scores are computed, and the next tile's keys
// while the values are multiplied.
//
// Bound by the tensor cores and by shared memory, of which a warp reads 256 bytes for each product of 16×16×8. There
// are 4·kDim operations for each query and key it sees, six times as many in float32. A tile of keys outside the
// segment or the window is skipped by the block, and again by each warp. Share of either limit: not measured.

#include <algorithm>
#include <climits>
#include <cmath>

#include "kernels/attention/attention_tiles_cuda.h"
#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/cuda/vector_access.h"
#include "kernels/cuda_ops.h"

namespace matinee {
namespace {

constexpr float kLn2 = 0.693147181f;

template <int kDim, int kTerms>
struct Shape {
  static constexpr int kWarps = kTerms == 1 ? (kDim <= 128 ? 8 : 4) : (kDim <= 128 ? 4 : 2);
  static constexpr int kThreads = kWarps * kWarpSize;
  static constexpr int kQueries = kWarps * kRowsOfWarp;
  static constexpr int kColumns = kSummedColumns<kDim, kTerms>;
  static constexpr int kKeys = kTerms == 1 ? (kDim <= 64 ? 64 : 32) : (kDim <= 96 ? 32 : 16);
  static constexpr int kBlocks = kDim <= 128 ? 2 : 1;  // per multiprocessor, as the registers allow
  using QueryTile = Tile<kDim, kTerms, kQueries>;
  using KeyTile = Tile<kDim, kTerms, kKeys>;
  static constexpr std::size_t kSharedBytes =
      sizeof(std::uint16_t) * static_cast<std::size_t>(QueryTile::kElements + 2 * KeyTile::kElements);
  static_assert(kSharedBytes <= kSharedBytesEverywhere);
};

struct Problem {
  TermVectors q, k, v;
  int n_queries, n_heads, group, head_dim, window;
  SeenKeys seen;
  ScoreScale score;
  const std::int32_t* segment_start;
  float* out;
  float* logsumexp;
  bool pairs;

  // The position of the first query, counted from the first key.
  __device__ int first_position() const {
    return seen.first_position == nullptr ? 0 : *seen.first_position - seen.first();
  }
  // The first key that a query sees; the last is the one at its own position.
  __device__ int first_seen(int first_position, int query) const {
    const int start = segment_start == nullptr ? 0 : segment_start[query];
    const int first = first_position + query - window + 1;
    return first > start ? first : start;
  }
};

// The running softmax of this lane's rows g and g + 8.
struct RowSoftmax {
  float largest[2] = {-INFINITY, -INFINITY};  // score so far, as an exponent of 2
  float total[2] = {};                        // of the weights relative to it, over this lane's columns

  // Turns a tile's scores into weights relative to the largest score, and rescales what was summed before if that
  // grew. Row i sees keys seen_from[i] to seen_to[i].
  template <int kTerms, int kKeys, int kSums>
  __device__ void add_tile(const Sum<kTerms> (&scores)[kKeys / 8], const ScoreScale& score, int first_key,
                           const int (&seen_from)[2], const int (&seen_to)[2], float (&sums)[kSums][4],
                           Weights<kTerms, kKeys>& weights) {
    const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
    float p_of[kKeys / 8][4];
    float tile_largest[2] = {-INFINITY, -INFINITY};
#pragma unroll
    for (int n = 0; n < kKeys / 8; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int key = first_key + 8 * n + lane % 4 * 2 + i % 2;
        const bool sees = key >= seen_from[i / 2] && key <= seen_to[i / 2];
        p_of[n][i] = sees ? score(scores[n].value(i)) : -INFINITY;
        tile_largest[i / 2] = fmaxf(tile_largest[i / 2], p_of[n][i]);
      }
    }
    float shift[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float most = tile_largest[half];
      most = fmaxf(most, __shfl_xor_sync(kWholeWarp, most, 1));
      most = fmaxf(most, __shfl_xor_sync(kWholeWarp, most, 2));
      most = fmaxf(most, largest[half]);
      shift[half] = most == -INFINITY ? 0.0f : most;  // a row that has seen no key yet
      const float shrink = exp2f(largest[half] - shift[half]);
      largest[half] = most;
      total[half] *= shrink;
#pragma unroll
      for (int n = 0; n < kSums; ++n) {
        sums[n][2 * half] *= shrink;
        sums[n][2 * half + 1] *= shrink;
      }
    }
#pragma unroll
    for (int n = 0; n < kKeys / 8; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        p_of[n][i] = exp2f(p_of[n][i] - shift[i / 2]);
        total[i / 2] += p_of[n][i];
      }
      weights.set(n, 0, p_of[n][0], p_of[n][1]);
      weights.set(n, 1, p_of[n][2], p_of[n][3]);
    }
  }
};

// blockIdx.x is the tile of queries, y the head, z the half of the columns where a warp cannot sum all of them.
template <int kDim, int kTerms>
__global__ void __launch_bounds__(Shape<kDim, kTerms>::kThreads, Shape<kDim, kTerms>::kBlocks)
    forward_kernel(Problem p) {
  using S = Shape<kDim, kTerms>;
  auto* shared = dynamic_shared<std::uint16_t>();
  const typename S::QueryTile queries{shared};
  const typename S::KeyTile keys{shared + S::QueryTile::kElements};
  const typename S::KeyTile values{keys.data + S::KeyTile::kElements};

  const int lane = static_cast<int>(threadIdx.x) % kWarpSize, warp = static_cast<int>(threadIdx.x) / kWarpSize;
  // The last queries see the most keys, so they start first.
  const int first_query = static_cast<int>(gridDim.x - 1 - blockIdx.x) * S::kQueries;
  const int head = static_cast<int>(blockIdx.y), kv_head = head / p.group;
  const int first_column = static_cast<int>(blockIdx.z) * S::kColumns;  // of the sums
  const int last_query = std::min(first_query + S::kQueries, p.n_queries) - 1;
  const int first_position = p.first_position();
  const int first_tile = p.first_seen(first_position, first_query) / S::kKeys;
  const int last_tile = (first_position + last_query) / S::kKeys;

  // This lane's rows g and g + 8 of the warp's 16; a row past the last query sees nothing.
  int seen_from[2], seen_to[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int query = first_query + warp * kRowsOfWarp + lane / 4 + 8 * half;
    seen_from[half] = query < p.n_queries ? p.first_seen(first_position, query) : INT_MAX;
    seen_to[half] = query < p.n_queries ? first_position + query : -1;
  }
  // The same for all rows of the warp.
  const int warp_first = first_query + warp * kRowsOfWarp;
  const int warp_from = warp_first < p.n_queries ? p.first_seen(first_position, warp_first) : INT_MAX;
  const int warp_to = first_position + std::min(warp_first + kRowsOfWarp, p.n_queries) - 1;

  float sums[S::kColumns / 8][4] = {};
  RowSoftmax softmax;

  queries.template copy<S::kThreads>(p.q, head, first_query);
  keys.template copy<S::kThreads>(p.k, kv_head, first_tile * S::kKeys);
  end_copy_group();
  for (int tile = first_tile; tile <= last_tile; ++tile) {
    const int first_key = tile * S::kKeys;
    wait_for_copies<0>();
    __syncthreads();  // the keys have arrived, and the values before are no longer in use
    values.template copy<S::kThreads>(p.v, kv_head, first_key);
    end_copy_group();
    const bool seen = first_key <= warp_to && first_key + S::kKeys > warp_from;
    Sum<kTerms> scores[S::kKeys / 8];
    if (seen) multiply_along_head(scores, queries, warp * kRowsOfWarp, keys);
    wait_for_copies<0>();
    __syncthreads();  // the values have arrived, and these keys are no longer in use
    if (tile < last_tile) keys.template copy<S::kThreads>(p.k, kv_head, first_key + S::kKeys);
    end_copy_group();
    if (!seen) continue;

    Weights<kTerms, S::kKeys> weights;
    softmax.add_tile<kTerms, S::kKeys>(scores, p.score, first_key, seen_from, seen_to, sums, weights);
    add_weighted(sums, weights, values, first_column);
  }
  wait_for_copies<0>();

  float* rows[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    softmax.total[half] += __shfl_xor_sync(kWholeWarp, softmax.total[half], 1);
    softmax.total[half] += __shfl_xor_sync(kWholeWarp, softmax.total[half], 2);
    const std::int64_t query = first_query + warp * kRowsOfWarp + lane / 4 + 8 * half;
    const std::int64_t row = query * p.n_heads + head;
    rows[half] = query < p.n_queries ? p.out + row * p.head_dim : nullptr;
    if (p.logsumexp != nullptr && first_column == 0 && query < p.n_queries && lane % 4 == 0) {
      p.logsumexp[row] = fmaf(softmax.largest[half], kLn2, logf(softmax.total[half]));
    }
  }
  store_sums(sums, rows[0], rows[1], 1.0f / softmax.total[0], 1.0f / softmax.total[1], first_column, p.head_dim,
             p.pairs);
}

}  // namespace

void attend_in_tiles(Context& context, const TiledAttention& args) {
  const std::int64_t n_keys = args.first_position == nullptr ? args.n_queries : args.max_keys;
  require(n_keys <= INT_MAX - kPaddedTokens, "attention", "positions fit into 31 bits");
  const CudaQueue& queue = queue_of(context);
  const ScratchScope scope(context.scratch());
  const std::int64_t window = args.window == 0 || args.window > n_keys ? n_keys : args.window;
  const SeenKeys seen{args.first_position, static_cast<int>(args.n_queries), static_cast<int>(window)};
  with_padded_dim(args.head_dim, [&](auto dim) {
    with_terms(args.precision, [&](auto terms) {
      constexpr int kDim = decltype(dim)::value, kTerms = decltype(terms)::value;
      using S = Shape<kDim, kTerms>;
      const Problem problem{.q = to_terms(context, args.q, args.n_queries, args.n_heads, args.head_dim, kDim, kTerms),
                            .k = to_terms(context, args.k, n_keys, args.n_kv_heads, args.head_dim, kDim, kTerms, seen),
                            .v = to_terms(context, args.v, n_keys, args.n_kv_heads, args.head_dim, kDim, kTerms, seen),
                            .n_queries = static_cast<int>(args.n_queries),
                            .n_heads = static_cast<int>(args.n_heads),
                            .group = static_cast<int>(args.n_heads / args.n_kv_heads),
                            .head_dim = static_cast<int>(args.head_dim),
                            .window = static_cast<int>(window),
                            .seen = seen,
                            .score = {args.scale, args.softcap},
                            .segment_start = args.segment_start,
                            .out = args.out,
                            .logsumexp = args.logsumexp,
                            .pairs = rows_aligned(args.out, args.head_dim, 4, 8)};
      launch(queue, forward_kernel<kDim, kTerms>,
             dim3(static_cast<unsigned>(blocks_for(args.n_queries, S::kQueries)), static_cast<unsigned>(args.n_heads),
                  kDim / S::kColumns),
             S::kThreads, S::kSharedBytes, problem);
    });
  });
}

void attention_forward_cuda(Context& context, const AttentionArgs& args) {
  attend_in_tiles(context, {.n_queries = args.n_tokens,
                            .n_heads = args.n_heads,
                            .n_kv_heads = args.n_kv_heads,
                            .head_dim = args.head_dim,
                            .scale = args.scale,
                            .window = args.window,
                            .softcap = args.softcap,
                            .segment_start = args.segment_start,
                            .q = args.q,
                            .k = args.k,
                            .v = args.v,
                            .out = args.out,
                            .logsumexp = args.logsumexp,
                            .precision = args.precision});
}

}  // namespace matinee
