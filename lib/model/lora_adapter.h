#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/model/lora_config.h"
#include "lib/model/lora_slots.h"
#include "lib/model/parameter_set.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// One tensor of an adapter: PEFT's name, and what it is.
struct LoraTensor {
  enum class Kind : std::uint8_t {
    kA,          ///< [rank, in]
    kB,          ///< [out, rank]
    kMagnitude,  ///< [out]
    kBias,       ///< of the base, trained
    kWhole,      ///< a weight or bias of a layer that is trained whole
  };
  std::string name;
  std::vector<std::int64_t> shape;
  Kind kind = Kind::kA;
  std::int64_t layer = -1;  ///< -1: no layer's
  LinearLayer linear;
  std::string base_name;  ///< of kBias and kWhole: the tensor of the base that it takes the place of
};
/// The tensors that an adapter of this (resolved) configuration has, in the order of its file.
std::vector<LoraTensor> lora_tensors(const ModelConfig& model, const LoraConfig& config);

/// A LoRA adapter in `memory`, that of the context which uses it. Hu et al. 2021, arXiv:2106.09685; files as PEFT
/// writes them (https://huggingface.co/docs/peft, "Checkpoint format").
class LoraAdapter {
 public:
  /// A fresh one: lora_A uniform in ±1/sqrt(in) (PEFT's kaiming_uniform with a = √5), lora_B zero, so that it changes
  /// nothing. Where it trains magnitudes, biases or whole layers, `begin_from` must follow. lora_B learns at
  /// lr_factor_of_B times the rate of the rest (Hayou et al. 2024, "LoRA+", arXiv:2402.12354).
  LoraAdapter(const ModelConfig& model, LoraConfig config, std::uint64_t seed,
              std::shared_ptr<DeviceAllocator> allocator = host_allocator(), double lr_factor_of_B = 1);
  /// Reads adapter_config.json and adapter_model.safetensors. What it does not understand is refused by name, a tensor
  /// that is missing, of another shape or without a place is named: Error(kBadData).
  LoraAdapter(const ModelConfig& model, const std::string& folder,
              std::shared_ptr<DeviceAllocator> allocator = host_allocator(), Gradients gradients = Gradients::kNone);

  /// Takes the base's values for what a fresh adapter does not draw: lengths of rows, biases, whole layers.
  void begin_from(Context& context, const WeightSlots& base);
  /// Makes `weights` read biases and whole layers here, and sum their gradients here. The adapter must outlive it.
  void attach_to(WeightSlots& weights);

  const LoraConfig& config() const { return config_; }
  ParameterSet& parameters() { return parameters_; }
  const ParameterSet& parameters() const { return parameters_; }
  LoraSlots slots();
  /// What `matinee.*` metadata of adapter_model.safetensors says (the prompt template, the tokenizer's hash).
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
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
