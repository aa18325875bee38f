#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/model/lora_config.h"
#include "lib/model/lora_tensors.h"
#include "lib/model/lora_weights.h"
#include "lib/model/model_weights.h"
#include "lib/model/parameter_set.h"

namespace matinee {

/// A LoRA adapter (Hu et al. 2021, arXiv:2106.09685) in the memory of `allocator`, which must be that of the context
/// that uses it. Owns its parameters. Its files are PEFT's (https://huggingface.co/docs/peft, "Checkpoint format").
class LoraAdapter {
 public:
  /// A new adapter: lora_A uniform in ±1/sqrt(in) (PEFT's kaiming_uniform with a = √5), lora_B zero, so that it changes
  /// nothing. If it trains magnitudes, biases or whole layers, call `begin_from` next. The learning rate of lora_B is
  /// lr_factor_of_B times that of the rest (Hayou et al. 2024, "LoRA+", arXiv:2402.12354).
  LoraAdapter(const ModelConfig& model, LoraConfig config, std::uint64_t seed,
              std::shared_ptr<DeviceAllocator> allocator = host_allocator(), double lr_factor_of_B = 1);
  /// Reads the adapter in `folder` (AdapterFile). Throws Error(kBadData), naming the field or tensor, for a field that
  /// the decoder does not support and a tensor that is missing, has another shape or a number that is not finite, or is
  /// not expected.
  LoraAdapter(const ModelConfig& model, const std::string& folder,
              std::shared_ptr<DeviceAllocator> allocator = host_allocator(), Gradients gradients = Gradients::kNone,
              double lr_factor_of_B = 1);

  /// Copies from the base what a new adapter starts from: row norms (DoRA), biases, whole layers.
  void begin_from(Context& context, const ModelWeights& base);
  /// Points biases and whole layers of `weights`, and their gradients, at this adapter, which must outlive `weights`,
  /// and takes from them what trained tokens differ from. Call it before `factors`.
  void attach_to(ModelWeights& weights);
  /// The same for the biases only, where the embedding and the head have been merged (MergeScope::kTables).
  void attach_biases_to(ModelWeights& weights);

  /// Before an adapter that was read is trained further: the name of its base that is written, and its dropout.
  void train_on(const std::string& base, double dropout) {
    config_.base_model_name_or_path = base;
    config_.lora_dropout = dropout;
  }

  const LoraConfig& config() const { return config_; }
  ParameterSet& parameters() { return parameters_; }
  const ParameterSet& parameters() const { return parameters_; }
  /// The factors by layer and module; valid as long as this.
  LoraWeights factors();
  /// The metadata of adapter_model.safetensors; `matinee.*` are ours (prompt template, tokenizer fingerprint ...).
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// How the file that was read spells what PEFT spells otherwise, for the user; "": as PEFT.
  const std::string& note() const { return note_; }
  /// Writes both files into `folder`.
  void save(const std::string& folder, const std::map<std::string, std::string>& metadata) const;

 private:
  // What the trained tokens of one layer need beside the rows themselves.
  struct TokenArrays {
    DeviceBuffer<float> minus_base, difference;  // [n, hidden_size]
    DeviceBuffer<float> one_hot;                 // [vocab_size, n]
    DeviceBuffer<float> unused_gradient;         // of one_hot, where it is a factor of the head
  };

  void allocate(double lr_factor_of_B, Gradients gradients);
  const std::vector<std::int32_t>& ids_of(const LoraTensor& tensor) const;
  void take_base_rows(const ModelWeights& weights);
  void point_tokens(LoraWeights& lora);
  void point(LoraFactors& factors, const LoraTensor& tensor, Parameter& parameter, std::int64_t row) const;

  ModelConfig model_;
  LoraConfig config_;
  std::vector<LoraTensor> tensors_;
  ParameterSet parameters_;  // in the order of tensors_
  std::map<std::string, std::string> metadata_;
  std::string note_;
  std::map<std::size_t, TokenArrays> tokens_;  // by index in tensors_
};

}  // namespace matinee
