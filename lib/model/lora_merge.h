#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/context.h"
#include "lib/io/gguf.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/model_config.h"

namespace matinee {

/// An adapter as what it adds to the tensors of a checkpoint: W + scaling·B·A, some rows at a time.
class LoraMerge {
 public:
  /// All must outlive this.
  LoraMerge(Context& context, const ModelConfig& config, LoraAdapter& adapter);

  /// Whether the tensor of this name changes.
  bool changes(const std::string& tensor) const { return targets_.contains(tensor); }
  /// Adds to `values`, rows [first, first + n_rows) of the tensor in float32; nothing where it does not change.
  void add_to(const std::string& tensor, std::int64_t first, std::int64_t n_rows, std::int64_t width, float* values);

 private:
  Context& context_;
  LoraSlots slots_;
  struct Target {
    const LoraSlot* slot;
    std::array<std::int64_t, 2> shape;
  };
  std::map<std::string, Target> targets_;
  std::vector<float> scaled_;
};

/// Writes the checkpoint in `base` with the adapter merged in into the folder `output`: the same files with the same
/// tensors in the same dtypes, and what stands beside them (configuration, tokenizer). Holds a few MiB whatever the
/// model's size, and lets pages go behind it.
void write_merged_checkpoint(const std::string& base, LoraMerge& merge, const std::string& output);

/// A list of metadata for GGUF, in its order.
using GgufMetadata = std::vector<std::pair<std::string, GgufValue>>;

/// Writes the same as one GGUF file: matrices in `format`, vectors in float32, names and order of rows as llama.cpp has
/// them for its architecture "llama", `vocabulary` among the metadata. A matrix whose rows do not divide into the
/// format's blocks becomes F16. Throws Error(kBadData) for a family that has no such architecture.
void write_merged_gguf(const std::string& base, const ModelConfig& config, LoraMerge& merge, GgufFormat format,
                       const std::string& name, const GgufMetadata& vocabulary, const std::string& output);

}  // namespace matinee
