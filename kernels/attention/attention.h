#pragma once

#include <cstdint>
#include <vector>

#include "kernels/matmul/matmul.h"

namespace matinee {

class Context;

/// The largest head_dim of the CUDA versions; the CPU versions have no limit.
inline constexpr std::int64_t kWidestCudaHead = 256;

/// Causal attention over packed samples: token t sees tokens max(segment_start[t], t - window + 1) ... t.
/// out[t, h] = Σ_s softmax_s(score(t, s))·v[s, h / (n_heads / n_kv_heads)], score(t, s) = scale·q[t, h]·k[s, same].
template <class T>
struct AttentionArgsOf {
  std::int64_t n_tokens = 0, n_heads = 0, n_kv_heads = 0, head_dim = 0;
  float scale = 1;          ///< usually 1 / sqrt(head_dim)
  std::int64_t window = 0;  ///< tokens that a token sees, itself included (Mistral's sliding_window); 0: all
  float softcap = 0;        ///< scores s become softcap·tanh(s / softcap) before the softmax (Gemma 2); 0: they stay
  const std::int32_t* segment_start = nullptr;  ///< [n_tokens], the first token of t's sample; never decreasing
  const T* q = nullptr;                         ///< [n_tokens, n_heads, head_dim]
  const T* k = nullptr;                         ///< [n_tokens, n_kv_heads, head_dim]
  const T* v = nullptr;                         ///< [n_tokens, n_kv_heads, head_dim]
  T* out = nullptr;                             ///< [n_tokens, n_heads, head_dim], overwritten
  T* logsumexp = nullptr;  ///< [n_tokens, n_heads], overwritten: ln Σ exp(score); for the backward pass
  /// kBF16: queries, keys, values, probabilities and gradients are rounded to bfloat16 before they are multiplied, on
  /// devices with fast bfloat16. The CPU does so for samples of at least 64 tokens; it computes shorter ones and
  /// attention_cached() in float32.
  MatmulPrecision precision = MatmulPrecision::kF32;
};
using AttentionArgs = AttentionArgsOf<float>;

/// The three gradients. The probabilities are recomputed from logsumexp, so no array of tokens² elements is stored.
template <class T>
struct AttentionBackwardArgsOf {
  std::int64_t n_tokens = 0, n_heads = 0, n_kv_heads = 0, head_dim = 0;
  float scale = 1;
  std::int64_t window = 0;
  float softcap = 0;
  const std::int32_t* segment_start = nullptr;
  const T* q = nullptr;
  const T* k = nullptr;
  const T* v = nullptr;
  const T* out = nullptr;        ///< from the forward pass
  const T* logsumexp = nullptr;  ///< from the forward pass
  const T* grad_out = nullptr;   ///< [n_tokens, n_heads, head_dim]
  T* grad_q = nullptr;           ///< [n_tokens, n_heads, head_dim], overwritten
  T* grad_k = nullptr;           ///< [n_tokens, n_kv_heads, head_dim], overwritten
  T* grad_v = nullptr;           ///< [n_tokens, n_kv_heads, head_dim], overwritten
  MatmulPrecision precision = MatmulPrecision::kF32;
};
using AttentionBackwardArgs = AttentionBackwardArgsOf<float>;

/// Attention of n_queries new tokens of one sequence over a cache of its keys and values, to which theirs are added.
/// Query i is at position p = *first_position + i and sees positions max(0, p - window + 1) ... p. The length of the
/// sequence is in the device's memory, so that one captured graph (DeviceAllocator::capture) serves all tokens.
template <class T>
struct CachedSequenceOf {
  std::int64_t n_queries = 0, n_heads = 0, n_kv_heads = 0, head_dim = 0;
  /// *first_position + n_queries is at most this. It determines the size of the launch and of the scratch memory, but
  /// no bit of the result.
  std::int64_t max_tokens = 0;
  const std::int32_t* first_position = nullptr;  ///< [1]
  float scale = 1;
  std::int64_t window = 0;  ///< 0: all
  float softcap = 0;
  const T* q = nullptr;  ///< [n_queries, n_heads, head_dim]
  const T* k = nullptr;  ///< [n_queries, n_kv_heads, head_dim], of the new tokens
  const T* v = nullptr;  ///< likewise
  T* k_cache = nullptr;  ///< [max_tokens, n_kv_heads, head_dim]; k is written to the rows from *first_position on
  T* v_cache = nullptr;  ///< the same for v
  T* out = nullptr;      ///< [n_queries, n_heads, head_dim], overwritten
  MatmulPrecision precision = MatmulPrecision::kF32;
};
using CachedSequence = CachedSequenceOf<float>;

/// Sequences that are decoded together. Each gets the bytes that it would get alone. Held by value, because a captured
/// graph outlives the caller's arrays.
template <class T>
struct CachedAttentionArgsOf {
  std::vector<CachedSequenceOf<T>> sequences;  ///< no two with the same cache
};
using CachedAttentionArgs = CachedAttentionArgsOf<float>;

/// n_heads is a multiple of n_kv_heads (grouped queries: Ainslie et al. 2023, arXiv:2305.13245). Outputs alias no
/// input. Throws Error(kInternal) for wrong sizes, a negative window or softcap, missing pointers, an invalid
/// segment_start, tokens past max_tokens, or a head_dim above kWidestCudaHead on a GPU. Blocks outside the segment are
/// skipped: the cost is 4·head_dim·n_heads·Σ length²/2 operations forward, 2.5 times that backward; with a window,
/// blocks outside it are skipped too. Dao et al. 2022, "FlashAttention", arXiv:2205.14135, algorithms 1 and 4.
void attention_forward(Context& context, const AttentionArgs& args);
void attention_backward(Context& context, const AttentionBackwardArgs& args);
void attention_cached(Context& context, const CachedAttentionArgs& args);

}  // namespace matinee
