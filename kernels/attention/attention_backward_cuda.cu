// Attention backward on tensor cores (Dao et al. 2022, "FlashAttention", arXiv:2205.14135, algorithm 4). With P the
// probabilities, recomputed from logsumexp, and delta = Σ grad_out·out of a query:
//   grad_v = Pᵀ·grad_out, slope = P·(grad_out·vᵀ - delta), grad_q = scale·slope·k, grad_k = scale·slopeᵀ·q
// With a softcap, slope is also multiplied by the derivative of the cap, 1 - (score / softcap)².
// backward_kernel makes two passes. By queries, a warp keeps grad_q of 16 queries in registers and loops over the tiles
// of keys that they see; by keys, it keeps grad_k and grad_v of 16 keys and loops over the tiles of queries that see
// them, for each head of the group in turn. So each gradient is summed by one warp in one order, without atomics, but
// scores and slopes are computed twice: 7 products where 5 would do.
//
// Bound by the tensor cores and by shared memory, like the forward pass. The tiles of the next turn are copied while
// those of the current one are multiplied. Share of either limit: not measured.

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

// What a launch computes. For wide heads two gradients do not fit into a warp's registers and take a launch each.
enum class Gradient : std::uint8_t { kQueries, kKeysAndValues, kKeys, kValues };

// Rows are the tokens whose gradients a block sums, columns those it loops over. A block with a single stage cannot
// copy tiles while it multiplies others; there the two blocks of a multiprocessor overlap.
template <int kDim, int kTerms>
struct Shape {
  static constexpr int kWarps = kTerms == 1 || kDim <= 64 ? 4 : kDim <= 128 ? 2 : 1;
  static constexpr int kThreads = kWarps * kWarpSize;
  static constexpr int kRows = kWarps * kRowsOfWarp;
  static constexpr int kColumns = kTerms == 3 ? 16 : 32;
  static constexpr int kBlocks = kTerms == 3 || kDim > 64 ? 2 : 3;  // per multiprocessor, as the registers allow
  static constexpr int kSums = kSummedColumns<kDim, kTerms>;
  static constexpr bool kKeysWithValues = kDim <= (kTerms == 3 ? 64 : 128);
  static constexpr int kStages = kDim <= (kTerms == 3 ? 96 : 128) ? 2 : 1;
  using RowTile = Tile<kDim, kTerms, kRows>;
  using ColumnTile = Tile<kDim, kTerms, kColumns>;
  static constexpr std::size_t kSharedBytes =
      sizeof(std::uint16_t) * static_cast<std::size_t>(2 * RowTile::kElements + 2 * kStages * ColumnTile::kElements);
  static_assert(kSharedBytes <= kSharedBytesEverywhere);
};

struct Problem {
  TermVectors q, k, v, grad_out;
  int n_tokens, padded, n_heads, n_kv_heads, head_dim;
  float scale;             // of the gradients of q and k
  ScoreScale score;        // of the products
  const float* logsumexp;  // [n_heads, padded], times log2(e); infinite beyond n_tokens, so that P is 0 there
  const float* delta;      // [n_heads, padded]
  const int* first_seen;   // [padded], the first key that a query sees, or INT_MAX; never falls
  float* grad_q;
  float* grad_k;
  float* grad_v;
  bool pairs;
};

// A warp per token and head computes delta and writes what backward_kernel needs of a query, contiguous along the
// tokens.
__global__ void __launch_bounds__(256) prepare_kernel(AttentionBackwardArgs args, int padded, float* logsumexp,
                                                      float* delta, int* first_seen, bool vector) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize, head = static_cast<int>(blockIdx.y);
  const int token = static_cast<int>(blockIdx.x) * 8 + static_cast<int>(threadIdx.x) / kWarpSize;
  if (token >= padded) return;
  const bool real = token < args.n_tokens;
  const std::int64_t row = static_cast<std::int64_t>(token) * args.n_heads + head;
  const int dim = static_cast<int>(args.head_dim);
  float sum = 0;
  for (int i = 4 * lane; real && i < dim; i += 4 * kWarpSize) {
    sum = dot4(load4(args.out + row * dim, i, dim, vector), load4(args.grad_out + row * dim, i, dim, vector), sum);
  }
  sum = warp_sum(sum);
  if (lane != 0) return;
  const std::int64_t at = static_cast<std::int64_t>(head) * padded + token;
  delta[at] = sum;
  logsumexp[at] = real ? args.logsumexp[row] * ScoreScale::kLog2E : INFINITY;
  if (head == 0) {
    const std::int64_t window_start = args.window == 0 ? 0 : token - args.window + 1;
    const std::int64_t start = real ? args.segment_start[token] : INT_MAX;
    first_seen[token] = static_cast<int>(window_start > start ? window_start : start);
  }
}

template <int kDim, int kTerms, Gradient kWanted>
struct Pass : Shape<kDim, kTerms> {
  static constexpr bool kByKeys = kWanted != Gradient::kQueries;
  static constexpr bool kSlopes = kWanted != Gradient::kValues;
  static constexpr bool kValues = kWanted == Gradient::kValues || kWanted == Gradient::kKeysAndValues;
};

// The statistics of two queries of a lane.
struct QueryPair {
  int first_seen[2];
  float logsumexp[2], delta[2];
};

// Rows g and g + 8 of the warp's 16, as queries.
__device__ QueryPair load_row_queries(const Problem& p, int head, int warp_row) {
  QueryPair pair;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = warp_row + static_cast<int>(threadIdx.x) % kWarpSize / 4 + 8 * half;
    pair.first_seen[half] = p.first_seen[row];
    pair.logsumexp[half] = p.logsumexp[static_cast<std::int64_t>(head) * p.padded + row];
    pair.delta[half] = p.delta[static_cast<std::int64_t>(head) * p.padded + row];
  }
  return pair;
}

// Columns `column` and the next, as queries of a head.
__device__ QueryPair load_column_queries(const Problem& p, int head, int column) {
  const std::int64_t at = static_cast<std::int64_t>(head) * p.padded + column;
  const float2 logsumexp = *reinterpret_cast<const float2*>(p.logsumexp + at);
  const float2 delta = *reinterpret_cast<const float2*>(p.delta + at);
  const int2 first_seen = *reinterpret_cast<const int2*>(p.first_seen + column);
  return {{first_seen.x, first_seen.y}, {logsumexp.x, logsumexp.y}, {delta.x, delta.y}};
}

// The first tile of columns that the block's rows meet, and how many. `room`: shared memory that is not in use yet.
template <class P>
__device__ int2 find_tiles(const Problem& p, int first_row, int last_row, void* room) {
  int2 tiles{first_row / P::kColumns, 0};
  if constexpr (P::kByKeys) {
    // As first_seen never falls, the tiles that see these keys end with the last whose first query does.
    for (int query = first_row + static_cast<int>(threadIdx.x) * P::kColumns; query < p.n_tokens;
         query += P::kThreads * P::kColumns) {
      tiles.y += p.first_seen[query] <= last_row ? 1 : 0;
    }
    tiles.y = block_sum<P::kThreads>(tiles.y, static_cast<int*>(room));
  } else {
    tiles.x = p.first_seen[first_row] / P::kColumns;
    tiles.y = last_row / P::kColumns - tiles.x + 1;
  }
  return tiles;
}

// Probabilities and slopes of the warp's rows and a tile of columns from the scores, which are q·kᵀ or its transpose,
// and grad_out·vᵀ or its transpose. By keys, the columns are queries of `query_head`.
template <class P, int kTerms>
__device__ void weigh_tile(const Problem& p, const QueryPair& row_queries, int query_head, int warp_row, int column,
                           const Sum<kTerms> (&scores)[P::kColumns / 8], const Sum<kTerms> (&products)[P::kColumns / 8],
                           Weights<kTerms, P::kColumns>& probabilities, Weights<kTerms, P::kColumns>& slopes) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
#pragma unroll
  for (int n = 0; n < P::kColumns / 8; ++n) {
    float probability[4], slope[4] = {};
    const int first = column + 8 * n + lane % 4 * 2;
    QueryPair queries = row_queries;
    if constexpr (P::kByKeys) queries = load_column_queries(p, query_head, first);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int row = warp_row + lane / 4 + i / 2 * 8, which = P::kByKeys ? i % 2 : i / 2;
      const int query = P::kByKeys ? first + i % 2 : row, key = P::kByKeys ? row : first + i % 2;
      const bool sees = key <= query && key >= queries.first_seen[which];
      const float product = scores[n].value(i);
      float power = fmaf(product, p.score.scale, -queries.logsumexp[which]), derivative = 1;
      if (p.score.cap > 0) {
        const float t = p.score.share(product);
        power = fmaf(t, p.score.cap, -queries.logsumexp[which]);
        derivative = fmaf(-t, t, 1.0f);
      }
      probability[i] = exp2f(sees ? power : -INFINITY);
      if constexpr (P::kSlopes) slope[i] = probability[i] * derivative * (products[n].value(i) - queries.delta[which]);
    }
    if constexpr (P::kValues) {
      probabilities.set(n, 0, probability[0], probability[1]);
      probabilities.set(n, 1, probability[2], probability[3]);
    }
    if constexpr (P::kSlopes) {
      slopes.set(n, 0, slope[0], slope[1]);
      slopes.set(n, 1, slope[2], slope[3]);
    }
  }
}

// blockIdx.x is the tile of rows, y the head (of keys and values by keys), z the part of the gradients' columns where a
// warp cannot sum all of them.
template <int kDim, int kTerms, Gradient kWanted>
__global__ void __launch_bounds__(Shape<kDim, kTerms>::kThreads, Shape<kDim, kTerms>::kBlocks)
    backward_kernel(Problem p) {
  using P = Pass<kDim, kTerms, kWanted>;
  // Queries and keys meet in the scores, grad_out and values in the slopes.
  const TermVectors& score_rows = P::kByKeys ? p.k : p.q;
  const TermVectors& slope_rows = P::kByKeys ? p.v : p.grad_out;
  const TermVectors& score_columns = P::kByKeys ? p.q : p.k;
  const TermVectors& slope_columns = P::kByKeys ? p.grad_out : p.v;

  auto* shared = dynamic_shared<std::uint16_t>();
  const typename P::RowTile rows_of_scores{shared}, rows_of_slopes{shared + P::RowTile::kElements};
  std::uint16_t* stages = shared + 2 * P::RowTile::kElements;

  const int lane = static_cast<int>(threadIdx.x) % kWarpSize, warp = static_cast<int>(threadIdx.x) / kWarpSize;
  // The first keys are seen by the most queries, and the last queries see the most keys; those start first.
  const int first_row = static_cast<int>(P::kByKeys ? blockIdx.x : gridDim.x - 1 - blockIdx.x) * P::kRows;
  const int last_row = std::min(first_row + P::kRows, p.n_tokens) - 1;
  const int head = static_cast<int>(blockIdx.y), group = p.n_heads / p.n_kv_heads;
  const int first_sum = static_cast<int>(blockIdx.z) * P::kSums;
  const int2 tiles = find_tiles<P>(p, first_row, last_row, shared);
  const int n_turns = P::kByKeys ? tiles.y * group : tiles.y;

  const auto column_tile = [&](int turn, int which) {
    return typename P::ColumnTile{stages + (turn % P::kStages * 2 + which) * P::ColumnTile::kElements};
  };
  const auto query_head = [&](int turn) { return P::kByKeys ? head * group + turn / tiles.y : head; };
  const auto first_column = [&](int turn) { return (tiles.x + (P::kByKeys ? turn % tiles.y : turn)) * P::kColumns; };
  const auto fetch = [&](int turn) {
    const int column_head = P::kByKeys ? query_head(turn) : head / group;
    column_tile(turn, 0).template copy<P::kThreads>(score_columns, column_head, first_column(turn));
    column_tile(turn, 1).template copy<P::kThreads>(slope_columns, column_head, first_column(turn));
    end_copy_group();
  };

  const int warp_row = first_row + warp * kRowsOfWarp, warp_first_seen = p.first_seen[warp_row];
  QueryPair row_queries = {};
  if constexpr (!P::kByKeys) row_queries = load_row_queries(p, head, warp_row);
  float slope_sums[P::kSlopes ? P::kSums / 8 : 1][4] = {}, value_sums[P::kValues ? P::kSums / 8 : 1][4] = {};
  rows_of_scores.template copy<P::kThreads>(score_rows, head, first_row);
  if constexpr (P::kSlopes) rows_of_slopes.template copy<P::kThreads>(slope_rows, head, first_row);
  fetch(0);
  for (int turn = 0; turn < n_turns; ++turn) {
    wait_for_copies<0>();
    __syncthreads();  // this turn's tiles have arrived, and those of the turn before are no longer in use
    if (P::kStages == 2 && turn + 1 < n_turns) fetch(turn + 1);
    const int column = first_column(turn), last_column = column + P::kColumns - 1;
    // A query past the end sees nothing and a key past the end is not seen, so the warp's first row decides.
    const bool meets = P::kByKeys ? last_column >= warp_row && p.first_seen[column] <= warp_row + kRowsOfWarp - 1
                                  : column <= warp_row + kRowsOfWarp - 1 && last_column >= warp_first_seen;
    if (meets) {
      const auto score_tile = column_tile(turn, 0), slope_tile = column_tile(turn, 1);
      Sum<kTerms> scores[P::kColumns / 8], products[P::kColumns / 8];
      multiply_along_head(scores, rows_of_scores, warp * kRowsOfWarp, score_tile);
      if constexpr (P::kSlopes) multiply_along_head(products, rows_of_slopes, warp * kRowsOfWarp, slope_tile);
      Weights<kTerms, P::kColumns> probabilities, slopes;
      weigh_tile<P>(p, row_queries, query_head(turn), warp_row, column, scores, products, probabilities, slopes);
      if constexpr (P::kValues) add_weighted(value_sums, probabilities, slope_tile, first_sum);
      if constexpr (P::kSlopes) add_weighted(slope_sums, slopes, score_tile, first_sum);
    }
    if (P::kStages == 1 && turn + 1 < n_turns) {
      __syncthreads();  // this turn's tiles are no longer in use
      fetch(turn + 1);
    }
  }
  wait_for_copies<0>();

  const auto row_of = [&](float* to, int half) -> float* {
    const std::int64_t row = warp_row + lane / 4 + 8 * half;
    return row < p.n_tokens ? to + (row * (P::kByKeys ? p.n_kv_heads : p.n_heads) + head) * p.head_dim : nullptr;
  };
  if constexpr (P::kSlopes) {
    float* to = P::kByKeys ? p.grad_k : p.grad_q;
    store_sums(slope_sums, row_of(to, 0), row_of(to, 1), p.scale, p.scale, first_sum, p.head_dim, p.pairs);
  }
  if constexpr (P::kValues) {
    store_sums(value_sums, row_of(p.grad_v, 0), row_of(p.grad_v, 1), 1.0f, 1.0f, first_sum, p.head_dim, p.pairs);
  }
}

template <int kDim, int kTerms, Gradient kWanted>
void run(const CudaQueue& queue, const Problem& problem) {
  using S = Shape<kDim, kTerms>;
  const int heads = kWanted == Gradient::kQueries ? problem.n_heads : problem.n_kv_heads;
  launch(queue, backward_kernel<kDim, kTerms, kWanted>,
         dim3(static_cast<unsigned>(blocks_for(problem.n_tokens, S::kRows)), static_cast<unsigned>(heads),
              kDim / S::kSums),
         S::kThreads, S::kSharedBytes, problem);
}

}  // namespace

void attention_backward_cuda(Context& context, const AttentionBackwardArgs& args) {
  require(args.n_tokens <= INT_MAX - kPaddedTokens, "attention_backward", "tokens fit into 31 bits");
  const CudaQueue& queue = queue_of(context);
  const ScratchScope scope(context.scratch());
  const std::int64_t padded = padded_tokens(args.n_tokens);
  auto* logsumexp = context.scratch().take_array<float>(static_cast<std::size_t>(args.n_heads * padded));
  auto* delta = context.scratch().take_array<float>(static_cast<std::size_t>(args.n_heads * padded));
  auto* first_seen = context.scratch().take_array<int>(static_cast<std::size_t>(padded));
  launch(queue, prepare_kernel, dim3(static_cast<unsigned>(blocks_for(padded, 8)), static_cast<unsigned>(args.n_heads)),
         256, 0, args, static_cast<int>(padded), logsumexp, delta, first_seen,
         rows_on_16_bytes(args.head_dim, args.out, args.grad_out));
  with_padded_dim(args.head_dim, [&](auto dim) {
    with_terms(args.precision, [&](auto terms) {
      constexpr int kDim = decltype(dim)::value, kTerms = decltype(terms)::value;
      const auto of_queries = [&](const float* x) {
        return to_terms(context, x, args.n_tokens, args.n_heads, args.head_dim, kDim, kTerms);
      };
      const auto of_keys = [&](const float* x) {
        return to_terms(context, x, args.n_tokens, args.n_kv_heads, args.head_dim, kDim, kTerms);
      };
      const Problem problem{.q = of_queries(args.q),
                            .k = of_keys(args.k),
                            .v = of_keys(args.v),
                            .grad_out = of_queries(args.grad_out),
                            .n_tokens = static_cast<int>(args.n_tokens),
                            .padded = static_cast<int>(padded),
                            .n_heads = static_cast<int>(args.n_heads),
                            .n_kv_heads = static_cast<int>(args.n_kv_heads),
                            .head_dim = static_cast<int>(args.head_dim),
                            .scale = args.scale,
                            .score = {args.scale, args.softcap},
                            .logsumexp = logsumexp,
                            .delta = delta,
                            .first_seen = first_seen,
                            .grad_q = args.grad_q,
                            .grad_k = args.grad_k,
                            .grad_v = args.grad_v,
                            .pairs = rows_aligned(args.grad_q, args.head_dim, 4, 8) &&
                                     rows_aligned(args.grad_k, args.head_dim, 4, 8) &&
                                     rows_aligned(args.grad_v, args.head_dim, 4, 8)};
      run<kDim, kTerms, Gradient::kQueries>(queue, problem);
      if constexpr (Shape<kDim, kTerms>::kKeysWithValues) {
        run<kDim, kTerms, Gradient::kKeysAndValues>(queue, problem);
      } else {
        run<kDim, kTerms, Gradient::kKeys>(queue, problem);
        run<kDim, kTerms, Gradient::kValues>(queue, problem);
      }
    });
  });
}

}  // namespace matinee
