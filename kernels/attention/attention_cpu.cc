#include <algorithm>

#include "kernels/attention/attention_kernels.h"
#include "kernels/context.h"
#include "kernels/cpu_ops.h"

namespace matinee {
namespace {

struct Rows {
  std::int64_t begin, end, segment_start;
};

// Fills `rows` (room for n_tokens) with the segments, cut into at most `block` rows each; returns how many there are.
std::int64_t cut_segments(const std::int32_t* segment_start, std::int64_t n_tokens, std::int64_t block, Rows* rows) {
  std::int64_t count = 0;
  for (std::int64_t begin = 0; begin < n_tokens;) {
    std::int64_t end = begin + 1;
    while (end < n_tokens && end - begin < block && segment_start[end] == segment_start[begin]) ++end;
    rows[count++] = {begin, end, segment_start[begin]};
    begin = end;
  }
  return count;
}

// The window as the inner kernels expect it.
std::int64_t window_of(std::int64_t window) { return window == 0 ? kEveryKey : window; }

// For shorter samples packing costs more than products of pairs save.
constexpr std::int64_t kShortestInPairs = 64;

// The inner kernels for samples of n tokens, and the scratch memory that they need.
class Kernels {
 public:
  Kernels(const Context& context, MatmulPrecision precision)
      : wide_(context.isa() >= IsaLevel::kAvx512),
        pairs_(precision == MatmulPrecision::kBF16 && context.isa() >= IsaLevel::kAvx512Bf16) {}

  AttentionBlockFn block(std::int64_t n) const {
    if (pairs_ && n >= kShortestInPairs) return attention_block_avx512bf16;
    return wide_ ? attention_block_avx512 : attention_block_avx2;
  }
  AttentionSegmentFn segment(std::int64_t n) const {
    if (pairs_ && n >= kShortestInPairs) return attention_segment_avx512bf16;
    return wide_ ? attention_segment_avx512 : attention_segment_avx2;
  }
  std::int64_t block_scratch(std::int64_t head_dim) const {
    return std::max(attention_block_scratch(head_dim), pairs_ ? attention_pairs_block_scratch(head_dim) : 0);
  }
  std::int64_t segment_scratch(std::int64_t head_dim) const {
    return std::max(attention_segment_scratch(head_dim), pairs_ ? attention_pairs_segment_scratch(head_dim) : 0);
  }

 private:
  bool wide_, pairs_;
};

float* block_scratch(Context& context, int worker, std::int64_t floats) {
  return context.worker_scratch(worker).take_array<float>(static_cast<std::size_t>(floats));
}

}  // namespace

void attention_forward_cpu(Context& context, const AttentionArgs& args) {
  const Kernels kernels(context, args.precision);
  const ScratchScope scope(context.scratch());
  auto* rows = context.scratch().take_array<Rows>(static_cast<std::size_t>(args.n_tokens));
  const std::int64_t n_blocks = cut_segments(args.segment_start, args.n_tokens, kAttentionBlock, rows);
  const std::int64_t dim = args.head_dim, group = args.n_heads / args.n_kv_heads;
  const std::int64_t q_stride = args.n_heads * dim, kv_stride = args.n_kv_heads * dim;
  const std::int64_t window = window_of(args.window);
  context.pool().for_blocks(
      static_cast<std::size_t>(n_blocks * args.n_heads), 4, [&](std::size_t begin, std::size_t end, int worker) {
        const ScratchScope worker_scope(context.worker_scratch(worker));
        float* scratch = block_scratch(context, worker, kernels.block_scratch(dim));
        for (auto index = static_cast<std::int64_t>(begin); index < static_cast<std::int64_t>(end); ++index) {
          const Rows& part = rows[index / args.n_heads];
          const std::int64_t head = index % args.n_heads;
          const std::int64_t first_key = std::max(part.segment_start, part.begin - window + 1);
          const std::int64_t kv = first_key * kv_stride + head / group * dim;
          const AttentionBlockFn compute = kernels.block(part.end - part.segment_start);
          compute({.n_rows = part.end - part.begin,
                   .n_visible = part.begin - first_key + 1,
                   .head_dim = dim,
                   .window = window,
                   .scale = args.scale,
                   .softcap = args.softcap,
                   .q = args.q + part.begin * q_stride + head * dim,
                   .q_stride = q_stride,
                   .k = args.k + kv,
                   .v = args.v + kv,
                   .kv_stride = kv_stride,
                   .out = args.out + part.begin * q_stride + head * dim,
                   .logsumexp = args.logsumexp + part.begin * args.n_heads + head,
                   .logsumexp_stride = args.n_heads,
                   .scratch = scratch});
        }
      });
}

void attention_backward_cpu(Context& context, const AttentionBackwardArgs& args) {
  // One task adds everything to the gradients of a sample's keys and values, so threads share no sums.
  const Kernels kernels(context, args.precision);
  const ScratchScope scope(context.scratch());
  auto* rows = context.scratch().take_array<Rows>(static_cast<std::size_t>(args.n_tokens));
  const std::int64_t n_segments = cut_segments(args.segment_start, args.n_tokens, args.n_tokens, rows);
  const std::int64_t dim = args.head_dim, group = args.n_heads / args.n_kv_heads;
  const std::int64_t q_stride = args.n_heads * dim, kv_stride = args.n_kv_heads * dim;
  const std::int64_t window = window_of(args.window);
  context.pool().for_blocks(static_cast<std::size_t>(n_segments * args.n_kv_heads), 1,
                            [&](std::size_t begin, std::size_t, int worker) {
                              const ScratchScope worker_scope(context.worker_scratch(worker));
                              const auto index = static_cast<std::int64_t>(begin);
                              const Rows& part = rows[index / args.n_kv_heads];
                              const std::int64_t kv_head = index % args.n_kv_heads;
                              const std::int64_t q = part.begin * q_stride + kv_head * group * dim;
                              const std::int64_t kv = part.begin * kv_stride + kv_head * dim;
                              const AttentionSegmentFn compute = kernels.segment(part.end - part.begin);
                              compute({.n_tokens = part.end - part.begin,
                                       .head_dim = dim,
                                       .n_group = group,
                                       .window = window,
                                       .scale = args.scale,
                                       .softcap = args.softcap,
                                       .q = args.q + q,
                                       .out = args.out + q,
                                       .grad_out = args.grad_out + q,
                                       .grad_q = args.grad_q + q,
                                       .q_stride = q_stride,
                                       .k = args.k + kv,
                                       .v = args.v + kv,
                                       .grad_k = args.grad_k + kv,
                                       .grad_v = args.grad_v + kv,
                                       .kv_stride = kv_stride,
                                       .logsumexp = args.logsumexp + part.begin * args.n_heads + kv_head * group,
                                       .logsumexp_stride = args.n_heads,
                                       .scratch = block_scratch(context, worker, kernels.segment_scratch(dim))});
                            });
}

namespace {

// Up to kAttentionBlock queries of one sequence.
struct CachedBlock {
  const CachedSequence* sequence;
  std::int64_t first;
};

void attend(const Kernels& kernels, const CachedBlock& block, std::int64_t head, float* scratch) {
  const CachedSequence& s = *block.sequence;
  const std::int64_t dim = s.head_dim, q_stride = s.n_heads * dim, kv_stride = s.n_kv_heads * dim;
  const std::int64_t window = window_of(s.window), position = *s.first_position + block.first;
  const std::int64_t first_key = std::max<std::int64_t>(0, position - window + 1);
  const std::int64_t kv = first_key * kv_stride + head / (s.n_heads / s.n_kv_heads) * dim;
  kernels.block(s.n_queries)({.n_rows = std::min(kAttentionBlock, s.n_queries - block.first),
                              .n_visible = position + 1 - first_key,
                              .head_dim = dim,
                              .window = window,
                              .scale = s.scale,
                              .softcap = s.softcap,
                              .q = s.q + block.first * q_stride + head * dim,
                              .q_stride = q_stride,
                              .k = s.k_cache + kv,
                              .v = s.v_cache + kv,
                              .kv_stride = kv_stride,
                              .out = s.out + block.first * q_stride + head * dim,
                              .scratch = scratch});
}

}  // namespace

void attention_cached_cpu(Context& context, const CachedAttentionArgs& args) {
  const Kernels kernels(context, MatmulPrecision::kF32);
  const ScratchScope scope(context.scratch());
  std::int64_t n_blocks = 0, n_tasks = 0, work = 0, scratch_floats = 0;
  const auto blocks_of = [](const CachedSequence& s) { return (s.n_queries + kAttentionBlock - 1) / kAttentionBlock; };
  for (const CachedSequence& s : args.sequences) n_blocks += blocks_of(s);
  // Where a sequence's tasks, one for each block and head, begin.
  auto* blocks = context.scratch().take_array<CachedBlock>(static_cast<std::size_t>(n_blocks));
  auto* begins = context.scratch().take_array<std::int64_t>(static_cast<std::size_t>(n_blocks));
  n_blocks = 0;
  for (const CachedSequence& s : args.sequences) {
    const std::int64_t kv_stride = s.n_kv_heads * s.head_dim, position = *s.first_position;
    std::copy_n(s.k, s.n_queries * kv_stride, s.k_cache + position * kv_stride);
    std::copy_n(s.v, s.n_queries * kv_stride, s.v_cache + position * kv_stride);
    for (std::int64_t block = 0; block < blocks_of(s); ++block) {
      begins[n_blocks] = n_tasks;
      blocks[n_blocks++] = {&s, block * kAttentionBlock};
      n_tasks += s.n_heads;
    }
    work += blocks_of(s) * s.n_heads * (position + s.n_queries) * s.head_dim * std::min(s.n_queries, kAttentionBlock);
    scratch_floats = std::max(scratch_floats, attention_block_scratch(s.head_dim));
  }
  if (n_tasks == 0) return;
  // Waking a thread costs more than one head over a short cache.
  const std::int64_t per_task = std::max<std::int64_t>(1, (1 << 18) / std::max<std::int64_t>(work / n_tasks, 1));
  context.pool().for_blocks(
      static_cast<std::size_t>(n_tasks), static_cast<std::size_t>(per_task),
      [&](std::size_t begin, std::size_t end, int worker) {
        const ScratchScope worker_scope(context.worker_scratch(worker));
        float* scratch = block_scratch(context, worker, scratch_floats);
        std::int64_t at = std::upper_bound(begins, begins + n_blocks, static_cast<std::int64_t>(begin)) - begins - 1;
        for (auto task = static_cast<std::int64_t>(begin); task < static_cast<std::int64_t>(end); ++task) {
          while (at + 1 < n_blocks && begins[at + 1] <= task) ++at;
          attend(kernels, blocks[at], task - begins[at], scratch);
        }
      });
}

}  // namespace matinee
