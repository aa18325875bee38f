#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/device_buffer.h"
#include "kernels/matmul/matmul.h"
#include "lib/model/block_forward.h"
#include "lib/model/lora_weights.h"
#include "lib/model/model_config.h"
#include "lib/model/model_weights.h"
#include "lib/model/rotary_tables.h"

namespace matinee {

/// The keys and values of one sequence (the KV cache), in device memory. Contents are undefined at first.
struct KvCache {
  KvCache(const Context& context, const ModelConfig& config, std::int64_t max_tokens);
  static std::uint64_t bytes_of(const ModelConfig& config, std::int64_t max_tokens);

  std::vector<DeviceBuffer<float>> k, v;  ///< per layer [max_tokens, kv_size]
};

/// New tokens of one sequence in a step.
struct StepPart {
  KvCache* cache = nullptr;
  std::int64_t n_tokens = 0;
  /// The sequence with these tokens has at most this many; see CachedSequenceOf.
  std::int64_t max_tokens = 0;
  bool wants_logits = true;  ///< after its last token
};

/// One step of decoding: new tokens of one or more sequences go through the model together, one product per linear
/// layer for the rows of all, and attention of each over its own cache. Owns the buffers of a step.
class DecoderStep {
 public:
  struct Limits {
    std::int64_t max_tokens;  ///< of a sequence
    std::int64_t rows;        ///< tokens of a step
    std::int64_t sequences;   ///< that want logits
  };

  /// All references and `lora` (null: none) must outlive this; they are only read. Throws Error(kDevice) if the heads
  /// are wider than the device supports.
  DecoderStep(Context& context, const ModelConfig& config, const ModelWeights& weights, const Limits& limits,
              MatmulPrecision precision, const LoraWeights* lora);
  /// Bytes of the buffers, without those of an adapter.
  static std::uint64_t bytes_of(const ModelConfig& config, const Limits& limits);

  const Limits& limits() const { return limits_; }
  /// Uploads the positions and ids of the tokens of the next step, [rows] each: the parts' one after another.
  void load(std::span<const std::int32_t> positions, std::span<const std::int32_t> tokens);
  /// Issues the operations for what load() uploaded. They depend on the parts only, so that a device can capture them
  /// (DeviceAllocator::capture) and repeat them with other tokens.
  void issue(std::span<const StepPart> parts);
  /// [parts that want logits, vocab_size], in their order, of the last step.
  const DeviceBuffer<float>& logits() const { return logits_; }

 private:
  using Floats = DeviceBuffer<float>;

  void prepare_adapter();
  BlockForward::Linear linear_of(std::size_t layer, std::int64_t n_rows);
  void issue_attention(std::size_t layer, std::span<const StepPart> parts, const std::int32_t* positions);
  void issue_head(std::span<const StepPart> parts);

  Context& context_;
  const ModelConfig& config_;
  const ModelWeights& weights_;
  Limits limits_;
  MatmulPrecision precision_;
  const LoraWeights* lora_;
  std::vector<std::int32_t> host_tokens_;  // as tokens_
  DeviceBuffer<std::int32_t> tokens_;      // positions of the new tokens, then the tokens
  RotaryTables rotary_;
  Floats stream_, normed_, q_, k_, v_, attention_, gate_, up_, logits_;
  Floats last_;                                      // rows of stream_ that logits are wanted of
  Floats xa_, unscaled_;                             // for adapters; xa_ holds kMaxLoraParts parts
  std::vector<std::array<Floats, kModules>> norms_;  // per layer and module, DoRA only
};

}  // namespace matinee
