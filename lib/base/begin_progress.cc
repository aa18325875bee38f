#include "lib/base/begin_progress.h"

#include <utility>

#include "lib/base/tool.h"

namespace matinee {

BeginProgress progress_of(const ToolContext& tool) {
  return [&tool](std::string label, std::uint64_t total, std::string unit) {
    return tool.progress(std::move(label), total, std::move(unit));
  };
}

Progress silent_progress(std::string label, std::uint64_t total, std::string unit) {
  return {ProgressStyle::kNone, "", std::move(label), total, std::move(unit)};
}

}  // namespace matinee
