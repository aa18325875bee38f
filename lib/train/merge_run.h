#pragma once

#include <string>

#include "lib/base/output_folder.h"
#include "lib/base/tool.h"
#include "lib/model/base_format.h"
#include "lib/model/merged_model.h"

namespace matinee {

/// What lora-merge is asked to do.
struct MergeRun {
  std::string base, adapter, output;
  std::string format = "safetensors";  ///< or gguf-f16, gguf-bf16, gguf-q8_0
  std::string tokens;                  ///< to compare losses on; "": none
  double max_loss_difference = 0.01;   ///< relative; more is refused
  BaseFormat base_format;              ///< of base and result while the loss is measured

  void add(OptionSet& options);
  bool to_gguf() const { return format != "safetensors"; }
};

/// Mean losses in nats a token of the adapter beside the base, and of what was written.
struct MergeLosses {
  double before = 0, after = 0;
};

/// Merges into `output`, which is committed once the loss is known to be near enough. `vocabulary` is for GGUF. Throws
/// Error(kResource) before any tensor is read where the memory does not fit --max-host-mem, Error(kBadData) with both
/// losses where they differ too much.
MergeLosses run_merge(const MergeRun& run, const GgufMetadata& vocabulary, OutputFolder& output,
                      const ToolContext& tool);

}  // namespace matinee
