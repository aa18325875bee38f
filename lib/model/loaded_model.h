#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "kernels/context.h"
#include "lib/model/base_format.h"
#include "lib/model/decoder_batch.h"
#include "lib/model/decoder_session.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/model_config.h"

namespace matinee {

struct LoadedModelOptions {
  std::string base;     ///< a folder, or a GGUF file
  std::string adapter;  ///< PEFT folder; "": the base without an adapter
  BaseFormat base_format{"bf16"};
  std::int64_t max_tokens = 1024;  ///< of a session; fewer where the model has fewer positions
  int sessions = 1;                ///< that max_host_mem must have room for
  int slots = 0;                   ///< of a DecoderBatch, the same; 0: none
  std::uint64_t max_host_mem = 0;  ///< bytes; 0: no limit
  BeginProgress progress = silent_progress;
};

/// A model in memory, ready for decoding: its configuration, its weights and its adapter. The adapter is merged into
/// the weights and freed, or, where they are quantized, stays beside the linear layers of the blocks. Nothing
/// changes after construction, so sessions on any threads share one model.
class LoadedModel {
 public:
  /// Loads with `context`, whose memory then holds the weights; `config` is that of options.base. Throws
  /// Error(kResource) before any tensor of the base is read where the model and its sessions do not fit max_host_mem;
  /// Error(kBadData) for a file that is broken or belongs to another model.
  LoadedModel(Context& context, ModelConfig config, const LoadedModelOptions& options);
  LoadedModel(const LoadedModel&) = delete;
  LoadedModel& operator=(const LoadedModel&) = delete;

  const ModelConfig& config() const { return config_; }
  WeightFormat format() const { return format_; }
  /// Bytes of the weights, and of an adapter beside them.
  std::uint64_t bytes() const;

  /// LoraAdapter::note of the adapter.
  const std::string& adapter_note() const { return note_; }

  /// A new sequence on `context`, which must use the same memory as the one that loaded the model. The session refers
  /// to `context` and to this; one thread at a time may use it.
  DecoderSession session(Context& context) const;
  /// The same for sequences that are decoded together.
  DecoderBatch batch(Context& context, int slots) const;

 private:
  ModelConfig config_;
  WeightFormat format_;
  MatmulPrecision precision_;
  std::int64_t max_tokens_;
  std::string note_;
  std::optional<LoraAdapter> adapter_;  // only where it is not merged
  std::optional<FrozenWeights> frozen_;
  ModelWeights weights_;
  std::optional<LoraWeights> lora_;
};

}  // namespace matinee
