#pragma once

#include <string>

#include "lib/base/file.h"

namespace matinee {

enum class ArtefactFormat { kAuto, kTsv, kJsonLines };

/// Writes any artefact of ours (or any safetensors file) as text. A table gives the TSV it was made from, byte for
/// byte. A catalogue gives a line per movie, a file whose columns all have as many rows a line per row (JSON lines, or
/// kTsv with a header and JSON values); genres stand by name and people by nconst; what is not finite is null. Any
/// other file is listed: name, dtype, shape and first values of each tensor.
void write_artefact_text(const std::string& path, ArtefactFormat format, OutputFile& out);

/// Metadata and tensors of a safetensors file, a line each.
void write_artefact_listing(const std::string& path, OutputFile& out);

}  // namespace matinee
