#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/model/parameter_set.h"
#include "lib/model/weights.h"

namespace matinee {

/// What adapter_config.json of PEFT says about a LoRA adapter, and what we add to it.
struct LoraConfig {
  std::int64_t rank = 16;  ///< "r" on disk
  double lora_alpha = 32;
  double lora_dropout = 0;
  std::vector<std::string> target_modules{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"};
  bool use_rslora = false;  ///< scaling is lora_alpha / √rank; Kalajdzievski 2023, arXiv:2312.03732
  std::string base_model_name_or_path;

  /// lora_alpha / rank, or as use_rslora says.
  float scaling() const;
  bool targets(Module module) const;
};

/// The factors of one adapted linear layer: lora_A [rank, in], lora_B [out, rank].
struct LoraSlot {
  const float* lora_A = nullptr;
  const float* lora_B = nullptr;
  float* grad_A = nullptr;
  float* grad_B = nullptr;
};

/// Where the decoder finds the factors; layers[l][module] is empty where the module is not a target.
struct LoraSlots {
  std::int64_t rank = 0;
  float scaling = 1;
  float drop_probability = 0;
  std::vector<std::array<LoraSlot, kModules>> layers;
};

/// A LoRA adapter in memory. Hu et al. 2021, arXiv:2106.09685; files as PEFT writes them
/// (https://huggingface.co/docs/peft, "Checkpoint format").
class LoraAdapter {
 public:
  /// A fresh one: lora_A uniform in ±1/sqrt(in) (PEFT's kaiming_uniform with a = √5), lora_B zero, so that it changes
  /// nothing.
  LoraAdapter(const ModelConfig& model, LoraConfig config, std::uint64_t seed);
  /// Reads adapter_config.json and adapter_model.safetensors. What it does not understand is refused by name, a tensor
  /// that is missing, of another shape or without a place is named: Error(kBadData).
  LoraAdapter(const ModelConfig& model, const std::string& folder);

  const LoraConfig& config() const { return config_; }
  ParameterSet& parameters() { return parameters_; }
  LoraSlots slots();
  /// What `matinee.*` metadata of adapter_model.safetensors says (the prompt template, the tokenizer's hash).
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  void save(const std::string& folder, const std::map<std::string, std::string>& metadata) const;
  /// Adds the adapter to frozen weights in place.
  void merge_into(FrozenWeights& weights);

 private:
  void add_parameters(const ModelConfig& model);

  LoraConfig config_;
  std::int64_t num_layers_ = 0;
  ParameterSet parameters_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace matinee
