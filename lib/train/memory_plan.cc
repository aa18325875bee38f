#include "lib/train/memory_plan.h"

#include "lib/base/options.h"

namespace matinee {

std::uint64_t MemoryPlan::total() const {
  return weights + trained + gradients + moments + best_parameters + activations + tokens;
}

std::string MemoryPlan::describe() const {
  std::string text = format_size(total()) + ":";
  const auto add = [&](const char* name, std::uint64_t bytes) {
    if (bytes == 0) return;
    text += std::string(text.back() == ':' ? " " : ", ") + name + " " + format_size(bytes);
  };
  add("weights", weights);
  add("trained parameters", trained);
  add("gradients", gradients);
  add("moments", moments);
  add("best parameters", best_parameters);
  add("activations", activations);
  add("tokens", tokens);
  return text;
}

}  // namespace matinee
