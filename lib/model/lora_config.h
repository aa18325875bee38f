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
  kAll,       ///< every bias of the model, those of norms too
  kLoraOnly,  ///< those of the adapted linear layers
};

/// A pattern of module names, and the value of the modules it matches; the first that matches counts.
using PatternValues = std::vector<std::pair<std::string, double>>;

/// What adapter_config.json of PEFT says about a LoRA adapter; the words are PEFT's.
struct LoraConfig {
  std::int64_t rank = 16;  ///< "r" on disk
  double lora_alpha = 32;
  double lora_dropout = 0;
  /// Last parts of the paths of linear layers ("q_proj"), or whole paths; empty: `target_pattern` says it.
  std::vector<std::string> target_modules;
  /// "all-linear", or a regular expression that must match a whole path.
  std::string target_pattern = "all-linear";
  LoraBias bias = LoraBias::kNone;
  bool use_rslora = false;  ///< scaling is lora_alpha / √rank; Kalajdzievski 2023, arXiv:2312.03732
  bool use_dora = false;    ///< rows have a learned length; Liu et al. 2024, arXiv:2402.09353
  PatternValues rank_pattern, alpha_pattern;
  /// Layers that are trained whole: "embed_tokens" or "wte", "lm_head".
  std::vector<std::string> modules_to_save;
  std::string base_model_name_or_path;

  bool targets(const LinearLayer& layer) const;
  std::int64_t rank_of(const LinearLayer& layer) const;
  /// alpha / rank of the layer, or as use_rslora says.
  float scaling_of(const LinearLayer& layer) const;
  /// Whether modules_to_save names the layer at `path`.
  bool saves(const std::string& path) const;

  /// Puts the names that "all-linear" stands for in this model into target_modules, as PEFT does when it saves. Throws
  /// Error(kBadData) for a name that no linear layer of the model has, a pattern that matches none, a module to save
  /// that the decoder cannot train whole.
  void resolve(const ModelConfig& model);
};

/// Reads the text of adapter_config.json. What it does not understand is refused by name: Error(kBadData) with `name`.
LoraConfig parse_lora_config(const std::string& json, const std::string& name);
/// The text that PEFT reads back as the same. `model` must be the adapter's base.
std::string lora_config_json(const LoraConfig& config, const ModelConfig& model);
/// All that an adapter is made by, under the names of lora-train's options.
std::vector<std::pair<std::string, std::string>> identity_of(const LoraConfig& config);

}  // namespace matinee
