#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/model/decoder_training.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/model_weights.h"

namespace matinee::testing {

/// Flat tensors by the names of scripts/compare-hf.
using Trace = std::map<std::string, std::vector<float>>;

/// A checkpoint of scripts/compare-hf with its samples, and what the decoder computes on them. The test reads the
/// committed checkpoints; the program trace_model writes its results so that the script can compare them.
class HfCase {
 public:
  explicit HfCase(std::string folder);

  /// "logits" of all samples packed; "cached": one sample after the other through a DecoderSession in chunks of 1, 2, 3
  /// ... tokens; "logits.VARIANT" for each config.VARIANT.json; with `narrow` also "logits_bf16".
  Trace base(bool narrow = false) const;
  /// Trains all weights: the norm of each gradient and its products with three waves, as "full.TENSOR".
  Trace full() const;
  /// With the adapter in folder/NAME: "logits", "merged" (by a DecoderSession on merged weights), "loss", "grad.TENSOR"
  /// of the mean loss, and "losses" of a run with two samples per step. `recompute` as in DecoderTraining.
  Trace adapter(const std::string& name, bool recompute = false) const;
  /// Writes the adapter in our own way.
  void save_adapter(const std::string& name, const std::string& to) const;
  /// Subfolders that contain an adapter.
  std::vector<std::string> adapters() const;
  const ModelConfig& config() const { return config_; }

 private:
  struct Packed {
    std::vector<std::int32_t> tokens, targets, positions, segment_start;
    std::int64_t n_supervised = 0;
    PackedBatch batch() const { return {tokens, targets, positions, segment_start}; }
  };
  std::int64_t n_samples() const { return static_cast<std::int64_t>(offsets_.size()) - 1; }
  Packed pack(const std::vector<std::int64_t>& samples) const;
  Packed all() const;
  std::vector<float> cached(Context& context, const ModelConfig& config, const ModelWeights& weights) const;

  std::string folder_;
  ModelConfig config_;
  std::vector<std::int32_t> ids_;
  std::vector<std::uint8_t> mask_;
  std::vector<std::int64_t> offsets_;
  double learning_rate_ = 0;
};

}  // namespace matinee::testing
