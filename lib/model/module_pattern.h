#pragma once

#include <string>
#include <string_view>

namespace matinee {

/// Whether the regular expression matches the whole of `path`, the dotted name of a module. Python's `re` as PEFT uses
/// it for target_modules and patterns of ranks; here PCRE2, which agrees on what such patterns contain. Throws
/// Error(kBadData) where the pattern is none.
bool matches_whole(const std::string& pattern, std::string_view path);

}  // namespace matinee
