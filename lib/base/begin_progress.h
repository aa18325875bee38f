#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "lib/base/progress.h"

namespace matinee {

class ToolContext;

/// Begins the display of a part of a long call, with the label, total and unit of Progress: how library calls, which
/// know no ToolContext, show what they do.
using BeginProgress = std::function<Progress(std::string label, std::uint64_t total, std::string unit)>;

/// ToolContext::progress, valid as long as `tool`.
BeginProgress progress_of(const ToolContext& tool);
/// A BeginProgress that displays nothing.
Progress silent_progress(std::string label, std::uint64_t total, std::string unit);

}  // namespace matinee
