#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/context.h"
#include "lib/io/gguf.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/model_config.h"

namespace matinee {

/// An adapter as what it does to the tensors of a checkpoint: W + scaling·B·A, with DoRA each row scaled to its length,
/// and what it trained whole in the place of the base's, some rows of the stored tensor at a time.
class LoraMerge {
 public:
  /// All must outlive this. Throws Error(kBadData) where the adapter changes one of a tied pair, which no checkpoint of
  /// the base's files can hold.
  LoraMerge(Context& context, const ModelConfig& config, LoraAdapter& adapter);

  /// Whether the tensor of this name changes.
  bool changes(const std::string& tensor) const { return targets_.contains(tensor); }
  /// Whether it must be given to `apply` whole: lengths of rows that are stored as columns.
  bool wants_whole(const std::string& tensor) const;
  /// Changes `values`, rows [first, first + n_rows) of the tensor as the file stores it, in float32; nothing where it
  /// does not change.
  void apply(const std::string& tensor, std::int64_t first, std::int64_t n_rows, std::int64_t width, float* values);

 private:
  struct Target {
    LoraSlot slot;  ///< of the whole layer
    std::int64_t out = 0, in = 0;
    bool transposed = false;             ///< stored [in, out]
    const Parameter* instead = nullptr;  ///< what takes the tensor's place
  };
  void scale_rows(const Target& target, std::int64_t first, std::int64_t n_rows, std::int64_t width,
                  float* values) const;

  Context& context_;
  std::map<std::string, Target> targets_;
  std::vector<float> left_, right_;
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
