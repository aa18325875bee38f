#pragma once

#include <string>
#include <string_view>

#include "lib/base/options.h"

namespace matinee {

/// A script for `shell` ("bash" or "zsh") that completes command lines of `tool`: its options with their help, the
/// words that a value can be, files and folders by kind, and lists with commas. It is made from the tool's own options,
/// so it always fits them; `TOOL --completion SHELL` prints it. Throws Error(kUsage) for another shell.
std::string completion_script(std::string_view shell, std::string_view tool, const OptionSet& options);

}  // namespace matinee
