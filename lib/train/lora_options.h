#pragma once

#include <string>
#include <vector>

#include "lib/base/options.h"
#include "lib/model/lora_config.h"

namespace matinee {

/// The adapter to train, as given on the command line.
struct LoraOptions : LoraConfig {
  std::vector<std::string> targets{"all-linear"};  ///< names of linear layers; `pattern` overrides them
  std::string pattern;                             ///< regular expression that matches whole paths, or ""
  std::string biases = "none";                     ///< none | all | lora_only
  std::vector<std::string> exclude;                ///< names as in `targets`; `exclude_pattern` is the base's
  std::vector<std::string> layers;                 ///< "N" or "FIRST-LAST" each
  std::vector<std::string> tokens;                 ///< "ID" of the embedding or "MODULE=ID" each
  std::vector<std::string> ranks, alphas;          ///< "PATTERN=NUMBER" each
  /// Learning rate of lora_B relative to lora_A's: LoRA+, Hayou et al. 2024, arXiv:2402.12354.
  double loraplus_lr_ratio = 1;

  /// Adds the command-line options, in the group "LoRA".
  void add(OptionSet& options);
  /// The configuration for a base model. Throws Error(kUsage) for names and patterns that match nothing in it.
  LoraConfig resolved(const ModelConfig& model) const;
  /// The configuration of a run that starts from the adapter in `folder` with `config`: that one, with another dropout
  /// where that is given. Throws Error(kUsage) for a given option that says something else.
  LoraConfig continued(const LoraConfig& config, const std::string& folder, const ModelConfig& model,
                       const OptionSet& given) const;
};

}  // namespace matinee
