#pragma once

// The inner kernels of attention_cpu.cc that exist per instruction set. Plain pointers only, nothing inline: files
// compiled for wider sets include this.

#include <cstdint>

namespace matinee {

constexpr std::int64_t kAttentionBlock = 64;       ///< queries, and keys, in one block
constexpr std::int64_t kEveryKey = INT64_MAX / 4;  ///< a window that includes every key

/// Up to kAttentionBlock queries of one head. Strides are floats from one token to the next. Row i sees the keys
/// max(0, n_visible + i - window) ... n_visible - 1 + i, counted from `k` on; n_visible is at most `window`, so each
/// row sees one of the first kAttentionBlock keys.
struct AttentionBlock {
  std::int64_t n_rows = 0, n_visible = 0, head_dim = 0;
  std::int64_t window = kEveryKey;
  float scale = 1;
  float softcap = 0;  ///< 0: none
  const float* q = nullptr;
  std::int64_t q_stride = 0;
  const float* k = nullptr;
  const float* v = nullptr;
  std::int64_t kv_stride = 0;
  float* out = nullptr;  ///< q_stride apart
  float* logsumexp = nullptr;
  std::int64_t logsumexp_stride = 0;
  float* scratch = nullptr;  ///< attention_block_scratch() floats, or attention_pairs_block_scratch()
};

/// One whole sample for one key/value head and the query heads that share it.
struct AttentionSegment {
  std::int64_t n_tokens = 0, head_dim = 0, n_group = 0;  ///< n_group: adjacent query heads
  std::int64_t window = kEveryKey;                       ///< token t sees tokens max(0, t - window + 1) ... t
  float scale = 1;
  float softcap = 0;         ///< 0: none
  const float* q = nullptr;  ///< first token, first query head
  const float* out = nullptr;
  const float* grad_out = nullptr;
  float* grad_q = nullptr;
  std::int64_t q_stride = 0;
  const float* k = nullptr;
  const float* v = nullptr;
  float* grad_k = nullptr;
  float* grad_v = nullptr;
  std::int64_t kv_stride = 0;
  const float* logsumexp = nullptr;
  std::int64_t logsumexp_stride = 0;
  float* scratch = nullptr;  ///< attention_segment_scratch() floats, or attention_pairs_segment_scratch()
};

constexpr std::int64_t attention_block_scratch(std::int64_t head_dim) {
  return kAttentionBlock * (2 * head_dim + kAttentionBlock + 2);
}
constexpr std::int64_t attention_segment_scratch(std::int64_t head_dim) {
  return kAttentionBlock * (2 * head_dim + 2 * kAttentionBlock + 1);
}

std::int64_t attention_pairs_block_scratch(std::int64_t head_dim);
std::int64_t attention_pairs_segment_scratch(std::int64_t head_dim);

using AttentionBlockFn = void (*)(const AttentionBlock&);
using AttentionSegmentFn = void (*)(const AttentionSegment&);
void attention_block_avx2(const AttentionBlock& block);
void attention_block_avx512(const AttentionBlock& block);
void attention_block_avx512bf16(const AttentionBlock& block);
void attention_segment_avx2(const AttentionSegment& segment);
void attention_segment_avx512(const AttentionSegment& segment);
void attention_segment_avx512bf16(const AttentionSegment& segment);

}  // namespace matinee
