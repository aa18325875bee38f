#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/model/model_config.h"
#include "lib/model/tensor_source.h"

namespace matinee {

/// Opens the files of the base at this path: a GGUF file (gguf_of_base), or in a folder the first of these that exists:
///   model.safetensors; the shards listed in model.safetensors.index.json; model-00001-of-0000N.safetensors to the Nth;
///   pytorch_model.bin and its shards, likewise.
/// Shards are sorted by name. Throws Error(kMissing) if there is none of these, naming what was found instead and what
/// to do, or if a shard is missing; Error(kBadData), naming tensor and file, if an index names a file outside the
/// folder, a shard lacks a tensor of the index, or two shards hold the same tensor. `config` is the base's.
std::vector<std::unique_ptr<TensorSource>> open_checkpoint(const std::string& base, const ModelConfig& config);

/// A sentence for the user where a folder has weights in several forms, of which open_checkpoint reads one; else "".
std::string note_on_checkpoint(const std::string& base);

}  // namespace matinee
