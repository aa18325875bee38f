// Attention with products of bfloat16 pairs, which take half of float32's time. Factors are rounded and packed block by
// block into the layouts of kernels/matmul/matmul_kernels.h; scores, probabilities and all sums stay float32.

// g++ 12 warns about the deliberately undefined vectors of its own header (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include "kernels/attention/attention_kernels.h"
#include "kernels/matmul/matmul_kernels.h"

#define MATINEE_LANES 16

namespace matinee {
namespace {

#include "kernels/attention/attention_rows.inc"

static_assert(kBlock == kPanel, "a block of keys is a panel");
constexpr long kPairs = kBlock / 2;            // pairs of tokens in a block
constexpr long kTokenPanel = kPairs * kPanel;  // dwords of a panel with tokens along k

/// Cuts scratch memory into parts.
class Room {
 public:
  explicit Room(float* start) : next_(reinterpret_cast<std::uint32_t*>(start)) {}
  std::uint32_t* pairs(long n) {
    next_ += n;
    return next_ - n;
  }
  float* floats(long n) { return reinterpret_cast<float*>(pairs(n)); }

 private:
  std::uint32_t* next_;
};

long pairs_of(long n) { return (n + 1) / 2; }
long panels_of(long n) { return (n + kPanel - 1) / kPanel; }

// Packs rows of tokens [n, dim] as a right factor with the tokens along k.
void pack_tokens(const float* rows, long stride, long n, long dim, std::uint32_t* panels) {
  for (long column = 0; column < dim; column += kPanel) {
    pack_interleaved_avx512bf16({.source = rows + column,
                                 .stride = stride,
                                 .n_columns = smaller(kPanel, dim - column),
                                 .k = n,
                                 .panel = panels + column / kPanel * kTokenPanel});
  }
}

// c [m, seen] = left·right over the head: up to kTileRows rows of pairs_of(dim) dwords with a block of keys.
void multiply_along_head(long m, long seen, long dim, const std::uint32_t* left, const std::uint32_t* right, float* c) {
  const long pairs = pairs_of(dim);
  multiply_pairs_avx512bf16({.m = m,
                             .n = seen,
                             .n_pairs = pairs,
                             .left = left,
                             .row_stride = pairs,
                             .right = right,
                             .c = c,
                             .c_stride = kBlock});
}

// c [m, dim] (+)= weights·tokens over the first n tokens: weights [m, kBlock] of up to kTileRows rows, float32, which
// are rounded into `rounded`.
void add_weighted(long m, long dim, long n, const float* weights, std::uint32_t* rounded, const std::uint32_t* tokens,
                  float* c, long c_stride, bool accumulate) {
  round_rows_avx512bf16(weights, kBlock, m, n, rounded, kPairs);
  multiply_pairs_avx512bf16({.m = m,
                             .n = dim,
                             .n_pairs = pairs_of(n),
                             .left = rounded,
                             .row_stride = kPairs,
                             .right = tokens,
                             .right_stride = kTokenPanel,
                             .c = c,
                             .c_stride = c_stride,
                             .accumulate = accumulate});
}

}  // namespace

std::int64_t attention_pairs_block_scratch(std::int64_t head_dim) {
  return 2 * kBlock * pairs_of(head_dim) + panels_of(head_dim) * kTokenPanel + kBlock * (kBlock + head_dim + 2) +
         kTileRows * kPairs;
}

std::int64_t attention_pairs_segment_scratch(std::int64_t head_dim) {
  return 4 * kBlock * pairs_of(head_dim) + 3 * panels_of(head_dim) * kTokenPanel + 2 * kBlock * kBlock +
         2 * kTokenPanel + kTileRows * kPairs + kBlock;
}

void attention_block_avx512bf16(const AttentionBlock& b) {
  const long dim = b.head_dim, pairs = pairs_of(dim);
  Room room(b.scratch);
  std::uint32_t* queries = room.pairs(kBlock * pairs);
  std::uint32_t* keys = room.pairs(kBlock * pairs);
  std::uint32_t* values = room.pairs(panels_of(dim) * kTokenPanel);
  std::uint32_t* rounded = room.pairs(kTileRows * kPairs);
  float* scores = room.floats(kBlock * kBlock);
  const RowSums sums{room.floats(kBlock), room.floats(kBlock), room.floats(kBlock * dim)};
  round_rows_avx512bf16(b.q, b.q_stride, b.n_rows, dim, queries, pairs);
  const long n_keys = b.n_visible + b.n_rows - 1;  // seen by the last row
  for (long first = 0; first < n_keys; first += kBlock) {
    const long n = smaller(kBlock, n_keys - first);
    pack_panel_transposed_avx512bf16(
        {.source = b.k + first * b.kv_stride, .stride = b.kv_stride, .n_columns = n, .k = dim, .panel = keys});
    pack_tokens(b.v + first * b.kv_stride, b.kv_stride, n, dim, values);
    for (long row = 0; row < b.n_rows; row += kTileRows) {
      const long m = smaller(kTileRows, b.n_rows - row);
      // Keys of the block that the tile's last row sees; earlier rows see up to five fewer.
      const long seen = smaller(n, b.n_visible + row + m - 1 - first);
      if (seen <= 0) continue;
      float* tile = scores + row * kBlock;
      multiply_along_head(m, seen, dim, queries + row * pairs, keys, tile);
      weigh_rows(b, first, row, m, seen, tile, sums);
      add_weighted(m, dim, seen, tile, rounded, values, sums.values + row * dim, dim, first != 0);
    }
  }
  finish_rows(b, sums);
}

void attention_segment_avx512bf16(const AttentionSegment& s) {
  const long dim = s.head_dim, pairs = pairs_of(dim), token_panels = panels_of(dim) * kTokenPanel;
  Room room(s.scratch);
  std::uint32_t* keys_across = room.pairs(kBlock * pairs);
  std::uint32_t* values_across = room.pairs(kBlock * pairs);
  std::uint32_t* queries = room.pairs(kBlock * pairs);
  std::uint32_t* grads = room.pairs(kBlock * pairs);
  std::uint32_t* key_tokens = room.pairs(token_panels);
  std::uint32_t* query_tokens = room.pairs(token_panels);
  std::uint32_t* grad_tokens = room.pairs(token_panels);
  std::uint32_t* p_across = room.pairs(kTokenPanel);
  std::uint32_t* slope_across = room.pairs(kTokenPanel);
  std::uint32_t* rounded = room.pairs(kTileRows * kPairs);
  float* p = room.floats(kBlock * kBlock);
  float* slope = room.floats(kBlock * kBlock);
  float* delta = room.floats(kBlock);
  for (long first_key = 0; first_key < s.n_tokens; first_key += kBlock) {
    const long n_keys = smaller(kBlock, s.n_tokens - first_key);
    const float* k = s.k + first_key * s.kv_stride;
    pack_panel_transposed_avx512bf16(
        {.source = k, .stride = s.kv_stride, .n_columns = n_keys, .k = dim, .panel = keys_across});
    pack_panel_transposed_avx512bf16({.source = s.v + first_key * s.kv_stride,
                                      .stride = s.kv_stride,
                                      .n_columns = n_keys,
                                      .k = dim,
                                      .panel = values_across});
    pack_tokens(k, s.kv_stride, n_keys, dim, key_tokens);
    bool add = false;  // grad_k and grad_v are overwritten by the first product
    for (long head = 0; head < s.n_group; ++head) {
      for (long first = first_key; first < s.n_tokens; first += kBlock) {
        // The windows of all later queries begin after these keys.
        if (first - first_key >= kBlock - 1 + s.window) break;
        const bool first_visit = first_key == 0 || first - (first_key - kBlock) >= kBlock - 1 + s.window;
        const long n_rows = smaller(kBlock, s.n_tokens - first), at = first * s.q_stride + head * dim;
        const float *q = s.q + at, *grad_out = s.grad_out + at;
        dot_rows(n_rows, dim, grad_out, s.out + at, s.q_stride, delta);
        round_rows_avx512bf16(q, s.q_stride, n_rows, dim, queries, pairs);
        round_rows_avx512bf16(grad_out, s.q_stride, n_rows, dim, grads, pairs);
        for (long row = 0; row < n_rows; row += kTileRows) {
          const long m = smaller(kTileRows, n_rows - row);
          const long seen = smaller(n_keys, first + row + m - first_key);
          float *tile_p = p + row * kBlock, *tile_slope = slope + row * kBlock;
          multiply_along_head(m, seen, dim, queries + row * pairs, keys_across, tile_p);
          multiply_along_head(m, seen, dim, grads + row * pairs, values_across, tile_slope);
          slope_rows(s, {first + row, first_key, head}, m, seen, n_keys, delta + row, tile_p, tile_slope);
          add_weighted(m, dim, seen, tile_slope, rounded, key_tokens, s.grad_q + at + row * s.q_stride, s.q_stride,
                       !first_visit);
        }
        pack_tokens(q, s.q_stride, n_rows, dim, query_tokens);
        pack_tokens(grad_out, s.q_stride, n_rows, dim, grad_tokens);
        pack_interleaved_avx512bf16(
            {.source = p, .stride = kBlock, .n_columns = n_keys, .k = n_rows, .panel = p_across});
        pack_interleaved_avx512bf16(
            {.source = slope, .stride = kBlock, .n_columns = n_keys, .k = n_rows, .panel = slope_across});
        const auto add_to = [&](const std::uint32_t* weights, const std::uint32_t* tokens, float* grad) {
          for (long key = 0; key < n_keys; key += kTileRows) {
            // In a block on the diagonal, queries before the tile's first key see none of its keys.
            const long from = first == first_key ? key / 2 : 0;
            multiply_pairs_avx512bf16({.m = smaller(kTileRows, n_keys - key),
                                       .n = dim,
                                       .n_pairs = pairs_of(n_rows) - from,
                                       .left = weights + from * kPanel + key,
                                       .row_stride = 1,
                                       .pair_stride = kPanel,
                                       .right = tokens + from * kPanel,
                                       .right_stride = kTokenPanel,
                                       .c = grad + (first_key + key) * s.kv_stride,
                                       .c_stride = s.kv_stride,
                                       .accumulate = add});
          }
        };
        add_to(p_across, grad_tokens, s.grad_v);
        add_to(slope_across, query_tokens, s.grad_k);
        add = true;
      }
    }
  }
}

}  // namespace matinee
