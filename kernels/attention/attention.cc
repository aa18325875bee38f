#include "kernels/attention/attention.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {
namespace {

void check_heads(const Context& context, const char* op, std::int64_t n_heads, std::int64_t n_kv_heads,
                 std::int64_t head_dim, std::int64_t window, float softcap) {
  require(n_heads > 0 && n_kv_heads > 0 && head_dim > 0, op, "the heads and their width are positive");
  require(context.device().kind != DeviceKind::kCuda || head_dim <= kWidestCudaHead, op,
          "heads are no wider than kWidestCudaHead on a GPU");
  require(n_heads % n_kv_heads == 0, op, "n_heads is a multiple of n_kv_heads");
  require(window >= 0, op, "window is not negative");
  require(softcap >= 0, op, "softcap is not negative");
}

// The host cannot read arrays on a GPU.
void check_segments(const Context& context, const char* op, const std::int32_t* start, std::int64_t n_tokens) {
  require(start != nullptr, op, "segment_start is given");
  if (!context.allocator()->is_host()) return;
  std::int32_t current = 0;
  for (std::int64_t t = 0; t < n_tokens; ++t) {
    if (start[t] == t) current = start[t];
    require(start[t] == current, op, "segment_start is the first token of the token's sample");
  }
}

}  // namespace

void attention_forward(Context& context, const AttentionArgs& args) {
  require(args.n_tokens >= 0, "attention_forward", "n_tokens is not negative");
  check_heads(context, "attention_forward", args.n_heads, args.n_kv_heads, args.head_dim, args.window, args.softcap);
  if (args.n_tokens == 0) return;
  check_segments(context, "attention_forward", args.segment_start, args.n_tokens);
  require(args.q && args.k && args.v && args.out && args.logsumexp, "attention_forward", "all tensors are given");
  context.ops().attention_forward(context, args);
}

void attention_backward(Context& context, const AttentionBackwardArgs& args) {
  require(args.n_tokens >= 0, "attention_backward", "n_tokens is not negative");
  check_heads(context, "attention_backward", args.n_heads, args.n_kv_heads, args.head_dim, args.window, args.softcap);
  if (args.n_tokens == 0) return;
  check_segments(context, "attention_backward", args.segment_start, args.n_tokens);
  require(args.q && args.k && args.v && args.out && args.logsumexp && args.grad_out, "attention_backward",
          "all inputs are given");
  require(args.grad_q && args.grad_k && args.grad_v, "attention_backward", "all gradients are given");
  context.ops().attention_backward(context, args);
}

void attention_cached(Context& context, const CachedAttentionArgs& args) {
  for (const CachedSequence& s : args.sequences) {
    require(s.n_queries >= 0, "attention_cached", "n_queries is not negative");
    check_heads(context, "attention_cached", s.n_heads, s.n_kv_heads, s.head_dim, s.window, s.softcap);
    if (s.n_queries == 0) continue;
    require(s.q && s.k && s.v && s.k_cache && s.v_cache && s.out, "attention_cached", "all tensors are given");
    require(s.first_position != nullptr && s.n_queries <= s.max_tokens, "attention_cached",
            "a position and room for the tokens are given");
    // The host cannot read arrays on a GPU.
    if (!context.allocator()->is_host()) continue;
    const std::int64_t first = *s.first_position;
    require(first >= 0 && first + s.n_queries <= s.max_tokens, "attention_cached", "the tokens fit max_tokens");
  }
  context.ops().attention_cached(context, args);
}

}  // namespace matinee
