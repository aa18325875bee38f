#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/device_buffer.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/model_config.h"
#include "lib/model/rotary_tables.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// One sequence being decoded: the tokens so far and their keys and values. An adapter is merged into the weights
/// beforehand (LoraMerge), or where these are quantized goes beside them.
///
/// What is issued for one token after another is the same, since the position lies in the device's memory; so a device
/// that records operations (DeviceAllocator::capture) issues them once, records them, and repeats the recording.
class DecoderSession {
 public:
  /// `weights` and `lora` (null: none) must outlive this and stay where they are. `max_tokens` positions are allocated
  /// at once (at most max_position_embeddings of the configuration are meaningful).
  DecoderSession(Context& context, const ModelConfig& config, const WeightSlots& weights, std::int64_t max_tokens,
                 MatmulPrecision precision, const LoraSlots* lora = nullptr);

  /// Bytes of the cache and the buffers.
  static std::uint64_t bytes_of(const ModelConfig& config, std::int64_t max_tokens);

  /// Appends `tokens` and gives the logits [vocab_size] after the last of them; valid until the next call.
  /// Throws Error(kResource) where the sequence would outgrow max_tokens.
  std::span<const float> append(std::span<const std::int32_t> tokens);
  /// Forgets all tokens from `length` on; what stands before keeps its keys and values.
  void truncate(std::int64_t length);
  /// Makes the sequence `tokens` with as little work as possible: keeps the longest common prefix, appends the rest.
  std::span<const float> restart(std::span<const std::int32_t> tokens);

  std::int64_t length() const { return static_cast<std::int64_t>(tokens_.size()); }
  std::int64_t max_tokens() const { return max_tokens_; }
  const std::vector<std::int32_t>& tokens() const { return tokens_; }
  std::int64_t vocab_size() const { return config_.vocab_size; }
  /// Steps so far that were a repeated recording.
  std::int64_t repeated_steps() const { return repeated_steps_; }

 private:
  // Steps of one token over a cache of some size, and the scratch memory that they use.
  struct CapturedStep {
    std::unique_ptr<Graph> graph;
    std::uint64_t scratch_allocations = 0;
    std::size_t scratch_used = 0;
  };

  void prepare_adapter();
  void run(std::span<const std::int32_t> tokens);
  void run_one();
  void issue(std::int64_t n, std::int64_t max_tokens);

  Context& context_;
  const ModelConfig& config_;
  const WeightSlots& weights_;
  std::int64_t max_tokens_;
  MatmulPrecision precision_;
  const LoraSlots* lora_;
  using Floats = DeviceBuffer<float>;
  std::vector<std::int32_t> tokens_;
  DeviceBuffer<std::int32_t> step_;        // positions of the new tokens, then these themselves
  std::vector<Floats> k_cache_, v_cache_;  // per layer [max_tokens, kv_size]
  RotaryTables rotary_;
  Floats stream_, normed_, q_, k_, v_, attention_, gate_, up_, logits_;
  std::vector<float> host_logits_;                   // those that append gives
  Floats xa_, unscaled_;                             // of the adapter's products; xa_ of layers that share an input
  std::vector<std::array<Floats, kModules>> norms_;  // per layer, of modules with a DoRA magnitude
  std::map<std::int64_t, CapturedStep> captured_;    // by the longest sequence that it is right for
  std::int64_t repeated_steps_ = 0;
};

}  // namespace matinee
