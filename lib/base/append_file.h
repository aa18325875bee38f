// A text file that several processes add lines to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace matinee {

/// Adds whole lines to the end of a file, which is created if it does not exist: all of them or, on an error, none.
/// Processes that call this at once write one after another (flock). If the file's last line has no end, it gets one
/// first. Throws an Error with the path: kMissing if the folder does not exist, kBadData if the path is not that of a
/// regular file, else kResource.
void append_lines(const std::string& path, std::string_view lines);

/// The text of a file that append_lines() writes, never in the middle of an append; "" if there is no such file.
/// Throws likewise.
std::string read_appended(const std::string& path);
/// Its bytes, without a look at them; 0 if there is no such file.
std::uint64_t appended_size(const std::string& path);

}  // namespace matinee
