#pragma once

#include <string>

#include "lib/base/file.h"
#include "lib/base/parallel.h"
#include "lib/table/table_file.h"

namespace matinee {

enum class ArtifactFormat { kAuto, kTsv, kJsonLines };

/// Writes an artifact of Matinee, or any safetensors file, as text. A table becomes the TSV that it was made from, byte
/// for byte, or a line of JSON per row with \N as null. A catalog becomes a line per movie, and a file whose columns
/// all have the same number of rows a line per row: JSON lines, or with kTsv a header and JSON values. Genres are
/// written by name and people by nconst; NaN and infinity are null. Any other file is listed: name, dtype, shape and
/// first values of each tensor.
void write_artifact_text(const std::string& path, ArtifactFormat format, OutputFile& out, ThreadPool& pool,
                         const RowProgress& progress = {});

/// Writes metadata and tensors of a safetensors file, one per line.
void write_artifact_listing(const std::string& path, OutputFile& out);

}  // namespace matinee
