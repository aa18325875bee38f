#pragma once

#include <string>

#include "lib/base/output_folder.h"
#include "lib/base/tool.h"
#include "lib/model/base_format.h"
#include "lib/model/merged_model.h"
#include "lib/model/unread_fields.h"

namespace matinee {

/// The options of lora-merge.
struct MergeRun {
  std::string base, adapter, output;
  std::string format = "safetensors";  ///< or gguf-NAME with the name of a GgufMixture, or gguf-lora
  std::string tokens;                  ///< a file of tokens to compare losses on; "": none
  double max_loss_difference = 0.01;   ///< relative
  IgnoredFields ignored;               ///< of config.json
  BaseFormat base_format;              ///< of base and merged model while the loss is measured

  void add(OptionSet& options);
  /// Whether the result is a GGUF file.
  bool to_gguf() const { return format != "safetensors"; }
  /// Whether that file holds the adapter alone.
  bool adapter_only() const;
};

/// Mean losses in nats per token: of the base with the adapter beside it, and of the merged model.
struct MergeLosses {
  double before = 0, after = 0;
};

/// Merges into `output`, which is committed once the loss is known to be near enough. `vocabulary` is for a model as
/// GGUF. Throws Error(kResource) before any tensor is read where the memory does not fit --max-host-mem,
/// Error(kBadData) with both losses where they differ too much.
MergeLosses run_merge(const MergeRun& run, const GgufMetadata& vocabulary, OutputFolder& output,
                      const ToolContext& tool);

}  // namespace matinee
