#pragma once

#include <string>

#include "lib/base/file.h"

namespace matinee {

enum class ArtefactFormat { kAuto, kTsv, kJsonLines };

/// Writes any artefact of ours (or any safetensors file) as text. A table gives the TSV it was made from, byte for
/// byte. Other kinds give one line per row where all columns have as many rows (kTsv with a header, or JSON lines),
/// preceded by nothing; columns without that many rows, and files with none, are listed: name, dtype, shape, first
/// values. In a catalogue, genres stand by name and people by nconst. What is not finite is null.
void write_artefact_text(const std::string& path, ArtefactFormat format, OutputFile& out);

/// Metadata and tensors of a safetensors file, a line each.
void write_artefact_listing(const std::string& path, OutputFile& out);

}  // namespace matinee
