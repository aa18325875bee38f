#include "lib/vocabulary/split_steps.h"

namespace matinee {
namespace {

using Kind = PreTokenizerStep::Kind;
using Behavior = PreTokenizerStep::Behavior;

}  // namespace

const SplitFamily* only_family_of(const std::vector<PreTokenizerStep>& steps) {
  if (steps.empty() || steps.back().kind != Kind::kByteLevel || steps.back().add_prefix_space) return nullptr;
  if (steps.size() == 1) return steps[0].use_regex ? &family_named("gpt2") : nullptr;
  if (steps.size() != 2) return nullptr;
  if (steps[0].kind == Kind::kDigits && steps[0].individual_digits && steps[1].use_regex)
    return &family_named("smollm");
  if (steps[0].kind != Kind::kSplit || steps[1].use_regex) return nullptr;
  const bool isolates =
      steps[0].invert ? steps[0].behavior == Behavior::kRemoved : steps[0].behavior == Behavior::kIsolated;
  return isolates ? family_of_pattern(steps[0].pattern) : nullptr;
}

std::vector<PreTokenizerStep> split_steps_of(std::string_view family) {
  if (family == "gpt2") return {{.kind = Kind::kByteLevel, .use_regex = true}};
  return {{.kind = Kind::kSplit, .pattern = std::string(family_named(family).pattern)},
          {.kind = Kind::kByteLevel, .use_regex = false}};
}

}  // namespace matinee
