#pragma once

#include <string>

namespace matinee {

/// The file of a table: `path`, or, as archives unpack "title.basics.tsv" as a folder with the table in it, the only
/// file in the folder `path`. Throws Error(kBadData) for a folder with another number of files.
std::string table_path(const std::string& path);

}  // namespace matinee
