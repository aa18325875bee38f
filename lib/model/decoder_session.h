#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/matmul/matmul.h"
#include "lib/model/decoder_step.h"
#include "lib/model/lora_weights.h"
#include "lib/model/model_config.h"
#include "lib/model/model_weights.h"
#include "lib/model/token_sequence.h"

namespace matinee {

/// One sequence being decoded: its tokens, their keys and values (the KV cache), and buffers. An adapter has been
/// merged into the weights (LoraMerge), or is given beside them where they are quantized.
///
/// The operations for one token are the same at every position, because the position is read from device memory. A
/// device with graphs (DeviceAllocator::capture) therefore captures them once and replays the graph.
class DecoderSession final : public TokenSequence {
 public:
  /// All references and `lora` (null: none) must outlive this; they are only read. Allocates the cache for `max_tokens`
  /// positions, which should not exceed max_position_embeddings.
  DecoderSession(Context& context, const ModelConfig& config, const ModelWeights& weights, std::int64_t max_tokens,
                 MatmulPrecision precision, const LoraWeights* lora = nullptr);

  /// Bytes of the cache and the buffers, without those of an adapter.
  static std::uint64_t bytes_of(const ModelConfig& config, std::int64_t max_tokens);

  std::span<const float> append(std::span<const std::int32_t> tokens) override;
  /// Removes all tokens from position `length` on; the others keep their keys and values.
  void truncate(std::int64_t length);
  /// Keeps the longest common prefix and appends the rest.
  std::span<const float> restart(std::span<const std::int32_t> tokens) override;

  std::int64_t length() const override { return static_cast<std::int64_t>(tokens_.size()); }
  std::int64_t max_tokens() const override { return max_tokens_; }
  const std::vector<std::int32_t>& tokens() const { return tokens_; }
  std::int64_t vocab_size() const { return vocab_size_; }
  /// The number of steps that replayed a graph.
  std::int64_t repeated_steps() const { return repeated_steps_; }

 private:
  // The graph of a one-token step, and the state of the scratch memory that it was captured with.
  struct CapturedStep {
    std::unique_ptr<Graph> graph;
    std::uint64_t scratch_allocations = 0;
    std::size_t scratch_used = 0;
  };

  void run(std::span<const std::int32_t> tokens, bool wants_logits);
  void run_one();
  void issue(std::int64_t n, std::int64_t max_tokens, bool wants_logits);

  Context& context_;
  std::int64_t vocab_size_, max_tokens_;
  std::vector<std::int32_t> tokens_, positions_;
  KvCache cache_;
  DecoderStep step_;
  std::vector<float> host_logits_;                 // returned by append
  std::map<std::int64_t, CapturedStep> captured_;  // by the longest sequence that the graph covers
  std::int64_t repeated_steps_ = 0;
};

}  // namespace matinee
