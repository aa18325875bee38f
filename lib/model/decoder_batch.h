#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/matmul/matmul.h"
#include "lib/model/decoder_step.h"
#include "lib/model/lora_weights.h"
#include "lib/model/model_config.h"
#include "lib/model/model_weights.h"

namespace matinee {

/// New tokens of the sequence in a slot.
struct SlotTokens {
  int slot = 0;
  std::span<const std::int32_t> tokens = {};  ///< at least one
  bool wants_logits = true;                   ///< after the last one
};

/// Sequences that are decoded together, each in a slot with a KV cache of its own. A step takes new tokens of any of
/// them, one of a reply beside many of a prompt, and computes one product per linear layer for all. The logits are
/// those of a DecoderSession up to float32 rounding: products of several rows may sum in another order than those of
/// one, and where the precision is bfloat16, products of many rows round x. For one thread.
class DecoderBatch {
 public:
  /// As DecoderSession's, with `slots` caches of `max_tokens` positions.
  DecoderBatch(Context& context, const ModelConfig& config, const ModelWeights& weights, int slots,
               std::int64_t max_tokens, MatmulPrecision precision, const LoraWeights* lora = nullptr);
  /// Bytes of the caches and the buffers, without those of an adapter. Caches take physical memory of the host only as
  /// far as they are used.
  static std::uint64_t bytes_of(const ModelConfig& config, int slots, std::int64_t max_tokens);

  /// Appends tokens to sequences. No slot may occur twice; tokens of all together are at most max_step_tokens(). Throws
  /// Error(kResource), and changes nothing, if a sequence would become longer than max_tokens.
  void step(std::span<const SlotTokens> parts);
  /// The logits [vocab_size] after the n-th part that wanted them in the last step; valid until the next one.
  std::span<const float> logits(std::size_t n) const;

  /// Removes all tokens of a slot from position `length` on.
  void truncate(int slot, std::int64_t length);
  /// Makes the sequence of slot `to` the first `length` tokens of that of `from`, and copies their keys and values.
  void copy_prefix(int from, int to, std::int64_t length);
  const std::vector<std::int32_t>& tokens(int slot) const { return sequences_[static_cast<std::size_t>(slot)].tokens; }

  int slots() const { return static_cast<int>(sequences_.size()); }
  std::int64_t max_tokens() const { return step_.limits().max_tokens; }
  std::int64_t max_step_tokens() const { return step_.limits().rows; }
  /// A step should take this many tokens of prompts, so that the others do not wait long for it: fewer the larger the
  /// model is.
  std::int64_t prompt_tokens_of_step() const { return step_.limits().rows - slots(); }

 private:
  struct Sequence {
    KvCache cache;
    std::vector<std::int32_t> tokens;
  };

  Context& context_;
  std::int64_t vocab_size_, kv_size_;
  std::vector<Sequence> sequences_;
  DecoderStep step_;
  std::vector<float> logits_;  // of the last step, on the host
};

/// The length of the longest common prefix.
std::int64_t common_prefix(std::span<const std::int32_t> a, std::span<const std::int32_t> b);

}  // namespace matinee
