#pragma once

#include <string>
#include <string_view>

namespace matinee {

/// Whether the regular expression matches all of `path`, the dotted name of a module. PEFT uses Python's `re` for
/// target_modules and rank patterns; this uses PCRE2, which agrees on the syntax of such patterns. Throws
/// Error(kBadData) if the pattern is invalid.
bool matches_whole(const std::string& pattern, std::string_view path);

}  // namespace matinee
