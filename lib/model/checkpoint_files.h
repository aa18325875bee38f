#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/io/safetensors.h"

namespace matinee {

/// Opens the checkpoint in `folder`: model.safetensors, or the shards listed in model.safetensors.index.json, sorted by
/// name. Throws Error(kMissing) if there is neither or a shard is missing; Error(kBadData), naming tensor and file, if
/// the index names a file outside the folder, a shard lacks a tensor of the index, or two shards hold the same tensor.
std::vector<std::unique_ptr<SafetensorsFile>> open_checkpoint(const std::string& folder);

}  // namespace matinee
