#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/base/begin_progress.h"
#include "lib/base/parallel.h"
#include "lib/io/gguf.h"
#include "lib/model/gguf_mixture.h"
#include "lib/model/lora_merge.h"
#include "lib/model/model_config.h"

namespace matinee {

/// The configuration of the merged model: the base's, except that embedding and head are no longer tied if the adapter
/// trained one of them fully.
ModelConfig merged_config(const ModelConfig& config, const LoraMerge& merge);

/// Writes the base with the adapter merged in into the folder `output`. From a folder: the same files with the same
/// tensors in the same dtypes and layouts (of pickles: as safetensors), and the configuration and the tokenizer, but
/// for files that are there already. From a GGUF file: model.safetensors, in bfloat16 where the file codes numbers in
/// blocks, and config.json. A head that is no longer tied is added to the file of the embedding. Holds a few MiB in
/// memory whatever the model's size, or one tensor in float32 if the family stores them transposed. Throws
/// Error(kBadData) naming tensor and element where a merged number is not finite, or too large for float16.
/// `progress` shows the bytes of the tensors of each file that is written.
void write_merged_checkpoint(const std::string& base, const ModelConfig& config, const LoraMerge& merge,
                             const std::string& output, const BeginProgress& progress = silent_progress);
/// Bytes of memory that it needs at most.
std::uint64_t merged_checkpoint_memory(const ModelConfig& config);

/// Metadata for GGUF, in the order of the file.
using GgufMetadata = std::vector<std::pair<std::string, GgufValue>>;

/// Writes the merged model as one GGUF file: tensors in the formats of `mixture`, names and row order of
/// llama.cpp's architecture for the family, `vocabulary` among the metadata. Encodes on the threads of `pool`, if
/// given. Throws Error(kBadData) for a family without such an architecture, and
/// as write_merged_checkpoint.
void write_merged_gguf(const std::string& base, const ModelConfig& config, const LoraMerge& merge,
                       const GgufMixture& mixture, const std::string& name, const GgufMetadata& vocabulary,
                       const std::string& output, ThreadPool* pool = nullptr,
                       const BeginProgress& progress = silent_progress);

}  // namespace matinee
