#pragma once

#include <optional>
#include <string>

#include "kernels/context.h"
#include "lib/model/checkpoint_hashes.h"
#include "lib/model/lora_config.h"
#include "lib/model/model_config.h"
#include "lib/train/checkpoint.h"
#include "lib/train/memory_plan.h"
#include "lib/train/token_dataset.h"
#include "lib/train/training_run_options.h"

namespace matinee {

/// The inputs of a training run, opened and checked against each other. No weights are loaded.
struct RunInputs {
  /// Throws Error(kBadData) where tokens were made for another model or another tokenizer, Error(kUsage) for LoRA
  /// options that do not fit the model.
  /// `given` says which options were given, to compare them with an adapter that the run starts from.
  RunInputs(const TrainingRunOptions& options, const OptionSet& given);

  /// Bytes that the run needs on the device of `context`, by purpose; scratch memory excepted.
  MemoryPlan memory_plan(const TrainingRunOptions& options, const Context& context) const;
  /// Base, tokens and options, as they determine the result. `hashes`: of the base's files.
  RunIdentity identity(const TrainingRunOptions& options, const Context& context, const CheckpointHashes& hashes) const;

  std::string model_folder;  ///< of config.json and the tokenizer
  TokenDataset train;
  std::optional<TokenDataset> valid;
  ModelConfig config;
  LoraConfig lora;  ///< resolved for the model; unused with --full

 private:
  void open_adapter(const TrainingRunOptions& options, const OptionSet& given);

  std::uint64_t adapter_hash_ = 0;  // of the adapter that the run starts from
};

}  // namespace matinee
