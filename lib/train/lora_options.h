#pragma once

#include <string>
#include <vector>

#include "lib/base/options.h"
#include "lib/model/lora_config.h"

namespace matinee {

/// The adapter that a run trains, as the command line spells it.
struct LoraOptions : LoraConfig {
  std::vector<std::string> targets{"all-linear"};  ///< names of linear layers; overridden by `pattern`
  std::string pattern;                             ///< a regular expression of whole paths, or ""
  std::string biases = "none";                     ///< none | all | lora_only
  std::vector<std::string> ranks, alphas;          ///< "PATTERN=NUMBER" each
  /// The learning rate of lora_B in that of lora_A; LoRA+, Hayou et al. 2024, arXiv:2402.12354.
  double loraplus_lr_ratio = 1;

  /// Options of the command line, under the group "LoRA".
  void add(OptionSet& options);
  /// What they say for a base model; names and patterns that it does not have throw Error(kUsage).
  LoraConfig resolved(const ModelConfig& model) const;
};

}  // namespace matinee
