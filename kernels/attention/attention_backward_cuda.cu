// With P the probabilities, made again from logsumexp, and delta = Σ grad_out·out of a query:
//   grad_v = Pᵀ·grad_out, slope = P·(grad_out·vᵀ - delta), grad_q = scale·slope·k, grad_k = scale·slopeᵀ·q
// (Dao et al. 2022, algorithm 4). One kernel makes both passes over the tiles: by queries, where a warp keeps the
// grad_q of its 16 queries in registers and goes through the keys they see; and by keys, where it keeps grad_k and
// grad_v of its 16 keys and goes through the queries that see them, of each head of the group in turn. Each gradient is
// then summed by one warp in one order, without atomics, for the price of making scores and slopes twice: 7 products
// where 5 would do.
//
// Bound by the tensor cores and by shared memory as the forward pass is. The tiles of one turn are copied while those
// of the turn before are worked on. Share of either limit: not measured.

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

constexpr float kLog2E = 1.44269504f;

// What a launch computes. A warp's registers do not hold two gradients of wide heads, so there they are made apart.
enum class Gradient : std::uint8_t { kQueries, kKeysAndValues, kKeys, kValues };

// Rows are the tokens whose gradients a block sums, columns those it goes through. Where a block has one stage only,
// its tiles are not copied while others are worked on; there two blocks of a multiprocessor do that for each other.
template <int kDim, int kTerms>
struct Shape {
  static constexpr int kWarps = kTerms == 1 || kDim <= 64 ? 4 : kDim <= 128 ? 2 : 1;
  static constexpr int kThreads = kWarps * kWarpSize;
  static constexpr int kRows = kWarps * kRowsOfWarp;
  static constexpr int kColumns = kTerms == 3 ? 16 : 32;
  static constexpr int kBlocks = kTerms == 3 || kDim > 64 ? 2 : 3;  // of a multiprocessor, as the registers allow
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
  float scale;
  const float* logsumexp;  // [n_heads, padded], times log2(e); infinite beyond n_tokens, so that P is 0 there
  const float* delta;      // [n_heads, padded]
  const int* first_seen;   // [padded], the first key that a query sees; none where INT_MAX
  float* grad_q;
  float* grad_k;
  float* grad_v;
  bool pairs;
};

// A warp for each token and head: delta, and what the other kernel needs of a query, laid out along the tokens.
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
  logsumexp[at] = real ? args.logsumexp[row] * kLog2E : INFINITY;
  if (head == 0) {
    const std::int64_t window_start = args.window == 0 ? 0 : token - args.window + 1;
    const std::int64_t start = real ? args.segment_start[token] : INT_MAX;
    first_seen[token] = static_cast<int>(window_start > start ? window_start : start);
  }
}

template <int kDim, int kTerms, Gradient kWanted>
__global__ void __launch_bounds__(Shape<kDim, kTerms>::kThreads, Shape<kDim, kTerms>::kBlocks)
    backward_kernel(Problem p) {
  using S = Shape<kDim, kTerms>;
  constexpr bool kByKeys = kWanted != Gradient::kQueries;
  constexpr bool kSlopes = kWanted != Gradient::kValues;
  constexpr bool kValues = kWanted == Gradient::kValues || kWanted == Gradient::kKeysAndValues;
  // Queries and keys meet in the scores, grad_out and values in the slopes.
  const TermVectors& score_rows = kByKeys ? p.k : p.q;
  const TermVectors& slope_rows = kByKeys ? p.v : p.grad_out;
  const TermVectors& score_columns = kByKeys ? p.q : p.k;
  const TermVectors& slope_columns = kByKeys ? p.grad_out : p.v;

  auto* shared = dynamic_shared<std::uint16_t>();
  const typename S::RowTile rows_of_scores{shared}, rows_of_slopes{shared + S::RowTile::kElements};
  std::uint16_t* stages = shared + 2 * S::RowTile::kElements;

  const int lane = static_cast<int>(threadIdx.x) % kWarpSize, warp = static_cast<int>(threadIdx.x) / kWarpSize;
  // The first keys are seen by the most queries, the last queries see the most keys; those begin first.
  const int first_row = static_cast<int>(kByKeys ? blockIdx.x : gridDim.x - 1 - blockIdx.x) * S::kRows;
  const int last_row = std::min(first_row + S::kRows, p.n_tokens) - 1;
  const int head = static_cast<int>(blockIdx.y), group = p.n_heads / p.n_kv_heads;
  const int first_sum = static_cast<int>(blockIdx.z) * S::kSums;  // the first column of the sums
  int first_tile = first_row / S::kColumns, n_tiles = 0;
  if constexpr (kByKeys) {
    // first_seen never falls, so the tiles that see these keys are those up to the last whose first query does.
    for (int query = first_row + static_cast<int>(threadIdx.x) * S::kColumns; query < p.n_tokens;
         query += S::kThreads * S::kColumns) {
      n_tiles += p.first_seen[query] <= last_row ? 1 : 0;
    }
    n_tiles = block_sum<S::kThreads>(n_tiles, reinterpret_cast<int*>(shared));  // where no tile is yet
  } else {
    first_tile = p.first_seen[first_row] / S::kColumns;
    n_tiles = last_row / S::kColumns - first_tile + 1;
  }
  const int n_turns = kByKeys ? n_tiles * group : n_tiles;

  const auto score_tile = [&](int turn) {
    return typename S::ColumnTile{stages + turn % S::kStages * 2 * S::ColumnTile::kElements};
  };
  const auto slope_tile = [&](int turn) {
    return typename S::ColumnTile{stages + (turn % S::kStages * 2 + 1) * S::ColumnTile::kElements};
  };
  const auto query_head = [&](int turn) { return kByKeys ? head * group + turn / n_tiles : head; };
  const auto first_column = [&](int turn) { return (first_tile + (kByKeys ? turn % n_tiles : turn)) * S::kColumns; };
  const auto fetch = [&](int turn) {
    const int column_head = kByKeys ? query_head(turn) : head / group;
    score_tile(turn).template copy<S::kThreads>(score_columns, column_head, first_column(turn));
    slope_tile(turn).template copy<S::kThreads>(slope_columns, column_head, first_column(turn));
  };

  // This lane's rows g and g + 8 of the warp's 16, and what is known of them as queries.
  const int warp_row = first_row + warp * kRowsOfWarp;
  int row_first_seen[2];
  float row_logsumexp[2], row_delta[2];
#pragma unroll
  for (int half = 0; half < 2 && !kByKeys; ++half) {
    const int row = warp_row + lane / 4 + 8 * half;
    row_first_seen[half] = p.first_seen[row];
    row_logsumexp[half] = p.logsumexp[static_cast<std::int64_t>(head) * p.padded + row];
    row_delta[half] = p.delta[static_cast<std::int64_t>(head) * p.padded + row];
  }
  const int warp_first_seen = p.first_seen[warp_row];

  float slope_sums[kSlopes ? S::kSums / 8 : 1][4] = {}, value_sums[kValues ? S::kSums / 8 : 1][4] = {};
  rows_of_scores.template copy<S::kThreads>(score_rows, head, first_row);
  if constexpr (kSlopes) rows_of_slopes.template copy<S::kThreads>(slope_rows, head, first_row);
  fetch(0);
  end_copy_group();
  for (int turn = 0; turn < n_turns; ++turn) {
    wait_for_copies<0>();
    __syncthreads();  // this turn's tiles are there, and nobody needs those of the turn before
    if (S::kStages == 2 && turn + 1 < n_turns) {
      fetch(turn + 1);
      end_copy_group();
    }
    const int column = first_column(turn), last_column = column + S::kColumns - 1;
    // A query past the end sees nothing and a key past the end is seen by none, so only the warp's first row counts.
    const bool meets = kByKeys ? last_column >= warp_row && p.first_seen[column] <= warp_row + kRowsOfWarp - 1
                               : column <= warp_row + kRowsOfWarp - 1 && last_column >= warp_first_seen;
    if (meets) {
      const std::int64_t queries = static_cast<std::int64_t>(query_head(turn)) * p.padded + column;
      Sum<kTerms> scores[S::kColumns / 8], products[S::kColumns / 8];
      multiply_along_head(scores, rows_of_scores, warp * kRowsOfWarp, score_tile(turn));
      if constexpr (kSlopes) {
        multiply_along_head(products, rows_of_slopes, warp * kRowsOfWarp, slope_tile(turn));
      }
      Weights<kTerms, S::kColumns> probabilities, slopes;
#pragma unroll
      for (int n = 0; n < S::kColumns / 8; ++n) {
        float probability[4], slope[4] = {};
        // By keys, what is known of the queries comes with the columns.
        const int at = 8 * n + lane % 4 * 2;
        float2 column_logsumexp = {}, column_delta = {};
        int2 column_first_seen = {};
        if constexpr (kByKeys) {
          column_logsumexp = *reinterpret_cast<const float2*>(p.logsumexp + queries + at);
          column_delta = *reinterpret_cast<const float2*>(p.delta + queries + at);
          column_first_seen = *reinterpret_cast<const int2*>(p.first_seen + column + at);
        }
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const bool second = i % 2 == 1;
          const int row = warp_row + lane / 4 + i / 2 * 8;
          const int query = kByKeys ? column + at + i % 2 : row, key = kByKeys ? row : column + at + i % 2;
          float logsumexp, delta;
          int first_seen;
          if constexpr (kByKeys) {
            logsumexp = second ? column_logsumexp.y : column_logsumexp.x;
            delta = second ? column_delta.y : column_delta.x;
            first_seen = second ? column_first_seen.y : column_first_seen.x;
          } else {
            logsumexp = row_logsumexp[i / 2];
            delta = row_delta[i / 2];
            first_seen = row_first_seen[i / 2];
          }
          const float power = fmaf(scores[n].value(i), p.scale * kLog2E, -logsumexp);
          probability[i] = exp2f(key <= query && key >= first_seen ? power : -INFINITY);
          if constexpr (kSlopes) slope[i] = probability[i] * (products[n].value(i) - delta);
        }
        if constexpr (kValues) {
          probabilities.set(n, 0, probability[0], probability[1]);
          probabilities.set(n, 1, probability[2], probability[3]);
        }
        if constexpr (kSlopes) {
          slopes.set(n, 0, slope[0], slope[1]);
          slopes.set(n, 1, slope[2], slope[3]);
        }
      }
      if constexpr (kValues) add_weighted(value_sums, probabilities, slope_tile(turn), first_sum);
      if constexpr (kSlopes) add_weighted(slope_sums, slopes, score_tile(turn), first_sum);
    }
    if (S::kStages == 1 && turn + 1 < n_turns) {
      __syncthreads();  // nobody needs this turn's tiles
      fetch(turn + 1);
      end_copy_group();
    }
  }
  wait_for_copies<0>();

  const auto row_of = [&](float* to, int half) -> float* {
    const std::int64_t row = warp_row + lane / 4 + 8 * half;
    return row < p.n_tokens ? to + (row * (kByKeys ? p.n_kv_heads : p.n_heads) + head) * p.head_dim : nullptr;
  };
  if constexpr (kSlopes) {
    float* to = kByKeys ? p.grad_k : p.grad_q;
    store_sums(slope_sums, row_of(to, 0), row_of(to, 1), p.scale, p.scale, first_sum, p.head_dim, p.pairs);
  }
  if constexpr (kValues) {
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
  require(args.n_tokens <= INT_MAX - kPaddedTokens, "attention_backward", "tokens are counted in 31 bits");
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
                            .logsumexp = logsumexp,
                            .delta = delta,
                            .first_seen = first_seen,
                            .grad_q = args.grad_q,
                            .grad_k = args.grad_k,
                            .grad_v = args.grad_v,
                            .pairs = args.head_dim % 2 == 0 && (reinterpret_cast<std::uintptr_t>(args.grad_q) |
                                                                reinterpret_cast<std::uintptr_t>(args.grad_k) |
                                                                reinterpret_cast<std::uintptr_t>(args.grad_v)) %
                                                                       8 ==
                                                                   0};
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
