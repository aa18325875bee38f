#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/io/safetensors.h"

namespace matinee {

/// The files of the checkpoint in `folder`, opened: model.safetensors, or the shards that model.safetensors.index.json
/// names, by name. Throws Error(kMissing) where there is neither or a shard is missing; Error(kBadData), naming tensor
/// and file, for an index that names a file outside the folder or a shard that lacks a tensor it should have, and for a
/// tensor that two shards hold.
std::vector<std::unique_ptr<SafetensorsFile>> open_checkpoint(const std::string& folder);

}  // namespace matinee
