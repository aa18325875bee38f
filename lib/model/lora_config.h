#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lib/model/tensor_names.h"

namespace matinee {

/// Which biases of the base are trained with an adapter.
enum class LoraBias : std::uint8_t {
  kNone,
  kAll,       ///< every bias of the model, including norms
  kLoraOnly,  ///< biases of the adapted linear layers
};

/// Patterns of module names and the value for the modules they match; the first match counts.
using PatternValues = std::vector<std::pair<std::string, double>>;

/// A LoRA adapter's adapter_config.json, with PEFT's names.
struct LoraConfig {
  std::int64_t rank = 16;  ///< "r" on disk
  double lora_alpha = 32;
  double lora_dropout = 0;
  /// Linear layers by the last part of their path ("q_proj") or the whole path; empty: target_pattern applies.
  std::vector<std::string> target_modules;
  /// "all-linear", or a regular expression that must match a whole path.
  std::string target_pattern = "all-linear";
  LoraBias bias = LoraBias::kNone;
  bool use_rslora = false;  ///< scaling is lora_alpha / √rank; Kalajdzievski 2023, arXiv:2312.03732
  bool use_dora = false;    ///< rows have a learned norm; Liu et al. 2024, arXiv:2402.09353
  PatternValues rank_pattern, alpha_pattern;
  /// Fully trained layers: "embed_tokens" or "wte", "lm_head".
  std::vector<std::string> modules_to_save;
  std::string base_model_name_or_path;

  bool targets(const LinearLayer& layer) const;
  std::int64_t rank_of(const LinearLayer& layer) const;
  /// The layer's alpha / rank, or alpha / √rank with use_rslora.
  float scaling_of(const LinearLayer& layer) const;
  /// Whether modules_to_save names the layer at `path`.
  bool saves(const std::string& path) const;

  /// Replaces "all-linear" by the names of this model's linear layers, as PEFT does when it saves. Throws
  /// Error(kBadData) for a name or a pattern that matches no linear layer, and for a module to save that the decoder
  /// cannot train.
  void resolve(const ModelConfig& model);
};

/// Parses adapter_config.json. Throws Error(kBadData), naming the field, for anything that the decoder does not
/// support. `name` is for messages.
LoraConfig parse_lora_config(const std::string& json, const std::string& name);
/// The text of adapter_config.json; `model` is the adapter's base.
std::string lora_config_json(const LoraConfig& config, const ModelConfig& model);
/// All settings of an adapter under the names of lora-train's options, to compare two runs.
std::vector<std::pair<std::string, std::string>> identity_of(const LoraConfig& config);

}  // namespace matinee
