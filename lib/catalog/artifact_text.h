#pragma once

#include <string>

#include "lib/base/file.h"

namespace matinee {

enum class ArtifactFormat { kAuto, kTsv, kJsonLines };

/// Writes any artifact of ours (or any safetensors file) as text. A table gives the TSV it was made from, byte for
/// byte. A catalog gives a line per movie, a file whose columns all have as many rows a line per row (JSON lines, or
/// kTsv with a header and JSON values); genres stand by name and people by nconst; what is not finite is null. Any
/// other file is listed: name, dtype, shape and first values of each tensor.
void write_artifact_text(const std::string& path, ArtifactFormat format, OutputFile& out);

/// Metadata and tensors of a safetensors file, a line each.
void write_artifact_listing(const std::string& path, OutputFile& out);

}  // namespace matinee
