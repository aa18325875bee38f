#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/model/lora_config.h"
#include "lib/model/lora_weights.h"
#include "lib/model/model_weights.h"
#include "lib/model/parameter_set.h"

namespace matinee {

/// The name, shape and role of one tensor of an adapter.
struct LoraTensor {
  enum class Kind : std::uint8_t {
    kA,          ///< [rank, in]
    kB,          ///< [out, rank]
    kMagnitude,  ///< [out]
    kBias,       ///< a trained bias of the base
    kWhole,      ///< a weight or bias of a fully trained layer (modules_to_save)
  };
  std::string name;  ///< PEFT's
  std::vector<std::int64_t> shape;
  Kind kind = Kind::kA;
  std::int64_t layer = -1;  ///< -1: not in a block
  LinearLayer linear;
  std::string base_name;  ///< kBias and kWhole: the tensor of the base that it replaces
};
/// All tensors of an adapter of this configuration (see LoraConfig::resolve), in the order of its file.
std::vector<LoraTensor> lora_tensors(const ModelConfig& model, const LoraConfig& config);

/// A LoRA adapter (Hu et al. 2021, arXiv:2106.09685) in the memory of `allocator`, which must be that of the context
/// that uses it. Owns its parameters. Its files are PEFT's (https://huggingface.co/docs/peft, "Checkpoint format").
class LoraAdapter {
 public:
  /// A new adapter: lora_A uniform in ±1/sqrt(in) (PEFT's kaiming_uniform with a = √5), lora_B zero, so that it changes
  /// nothing. If it trains magnitudes, biases or whole layers, call `begin_from` next. The learning rate of lora_B is
  /// lr_factor_of_B times that of the rest (Hayou et al. 2024, "LoRA+", arXiv:2402.12354).
  LoraAdapter(const ModelConfig& model, LoraConfig config, std::uint64_t seed,
              std::shared_ptr<DeviceAllocator> allocator = host_allocator(), double lr_factor_of_B = 1);
  /// Reads adapter_config.json and adapter_model.safetensors. Throws Error(kBadData), naming the field or tensor, for a
  /// field that the decoder does not support and a tensor that is missing, has another shape or is not expected.
  LoraAdapter(const ModelConfig& model, const std::string& folder,
              std::shared_ptr<DeviceAllocator> allocator = host_allocator(), Gradients gradients = Gradients::kNone);

  /// Copies from the base what a new adapter starts from: row norms (DoRA), biases, whole layers.
  void begin_from(Context& context, const ModelWeights& base);
  /// Points biases and whole layers of `weights`, and their gradients, at this adapter, which must outlive `weights`.
  void attach_to(ModelWeights& weights);

  const LoraConfig& config() const { return config_; }
  ParameterSet& parameters() { return parameters_; }
  const ParameterSet& parameters() const { return parameters_; }
  /// The factors by layer and module; valid as long as this.
  LoraWeights factors();
  /// The metadata of adapter_model.safetensors; `matinee.*` are ours (prompt template, tokenizer fingerprint ...).
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// Writes both files into `folder`.
  void save(const std::string& folder, const std::map<std::string, std::string>& metadata) const;

 private:
  void allocate(double lr_factor_of_B, Gradients gradients);

  ModelConfig model_;
  LoraConfig config_;
  std::vector<LoraTensor> tensors_;
  ParameterSet parameters_;  // in the order of tensors_
  std::map<std::string, std::string> metadata_;
};

/// The `matinee.*` metadata of the adapter in `folder`, without reading its tensors.
std::map<std::string, std::string> read_adapter_metadata(const std::string& folder);

}  // namespace matinee
