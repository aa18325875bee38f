#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/io/gguf.h"
#include "lib/model/lora_merge.h"
#include "lib/model/model_config.h"

namespace matinee {

/// The configuration of the merged model: the base's, but for an embedding or a head that was trained whole and that
/// the base ties to the other; the two are not tied any more then.
ModelConfig merged_config(const ModelConfig& config, const LoraMerge& merge);

/// Writes the checkpoint in `base` with the adapter merged in into the folder `output`: the same files with the same
/// tensors in the same dtypes and layouts, and what stands beside them (configuration, tokenizer). A head that is not
/// tied any more stands in the file of the embedding. Holds a few MiB
/// whatever the model's size, or one tensor in float32 where the family stores them transposed; lets pages go behind
/// it.
void write_merged_checkpoint(const std::string& base, const ModelConfig& config, const LoraMerge& merge,
                             const std::string& output);
/// What that holds at most.
std::uint64_t merged_checkpoint_memory(const ModelConfig& config);

/// A list of metadata for GGUF, in its order.
using GgufMetadata = std::vector<std::pair<std::string, GgufValue>>;

/// Writes the same as one GGUF file: matrices in `format`, vectors in float32, names and order of rows as llama.cpp has
/// them for its architecture of the family, `vocabulary` among the metadata. A matrix whose rows do not divide into the
/// format's blocks becomes F16. Throws Error(kBadData) for a family that has no such architecture.
void write_merged_gguf(const std::string& base, const ModelConfig& config, const LoraMerge& merge, GgufFormat format,
                       const std::string& name, const GgufMetadata& vocabulary, const std::string& output);

}  // namespace matinee
