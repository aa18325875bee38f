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

/// Rows of the embedding or the head that an adapter trains ("trainable_token_indices").
struct TrainedTokens {
  std::string module;  ///< "embed_tokens" or "wte", "lm_head"; "": the embedding, until LoraConfig::resolve
  std::vector<std::int32_t> ids;
};

/// A LoRA adapter's adapter_config.json, with PEFT's names.
struct LoraConfig {
  std::int64_t rank = 16;  ///< "r" on disk
  double lora_alpha = 32;
  double lora_dropout = 0;
  /// Adapted layers by the last part of their path ("q_proj") or the whole path; empty: target_pattern applies.
  std::vector<std::string> target_modules;
  /// "all-linear", or a regular expression that must match a whole path.
  std::string target_pattern = "all-linear";
  /// Layers that are not adapted although the above names them: names as above, or else a pattern of whole paths.
  std::vector<std::string> exclude_modules;
  std::string exclude_pattern;
  /// Indices of the only blocks with adapted layers; empty: all. Applies to target_modules, not to a pattern.
  std::vector<std::int64_t> layers_to_transform;
  /// What precedes the index in a path ("layers", "h"), as patterns; empty: anything.
  std::vector<std::string> layers_pattern;
  LoraBias bias = LoraBias::kNone;
  bool use_rslora = false;  ///< scaling is lora_alpha / √rank; Kalajdzievski 2023, arXiv:2312.03732
  bool use_dora = false;    ///< rows have a learned norm; Liu et al. 2024, arXiv:2402.09353
  PatternValues rank_pattern, alpha_pattern;
  /// Fully trained layers: "embed_tokens" or "wte", "lm_head".
  std::vector<std::string> modules_to_save;
  std::vector<TrainedTokens> trainable_tokens;
  /// Paths of embedding and head whose frozen weights are saved in the adapter, as PEFT does for adapted or resized
  /// ones: they replace the base's. Not a field of adapter_config.json; the names of tensors say it.
  std::vector<std::string> replaced_modules;
  std::string base_model_name_or_path;

  /// Whether the layer, of a block or head_layer, or the embedding under its path is adapted.
  bool targets(const LinearLayer& layer) const;
  bool targets(const std::string& path) const;
  std::int64_t rank_of(const LinearLayer& layer) const;
  /// The layer's alpha / rank, or alpha / √rank with use_rslora.
  float scaling_of(const LinearLayer& layer) const;
  /// Whether modules_to_save names the layer at `path`.
  bool saves(const std::string& path) const;

  /// Whether the adapter keeps its own copy of the frozen layer at `path`.
  bool replaces(const std::string& path) const;
  /// The trained rows of the layer at `path`; null: none.
  const std::vector<std::int32_t>* tokens_of(const std::string& path) const;

  /// Replaces "all-linear" by the names of this model's linear layers, as PEFT does when it saves, and completes
  /// patterns that were written for the bare model ("layers.0..."). Throws Error(kBadData) for a name or a pattern that
  /// matches no layer, a layer or token that the model does not have, and for what the decoder cannot train.
  void resolve(const ModelConfig& model);
};

/// The names of `bias`.
const std::vector<std::string>& lora_bias_names();
/// The largest rank.
inline constexpr std::int64_t kMostRank = 65536;
/// All settings of an adapter under the names of lora-train's options, to compare two runs.
std::vector<std::pair<std::string, std::string>> identity_of(const LoraConfig& config);

}  // namespace matinee
