#pragma once

#include <string_view>
#include <vector>

#include "lib/text/split_families.h"
#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// The family whose pattern alone is equivalent to these steps; nullptr if there is none.
const SplitFamily* only_family_of(const std::vector<PreTokenizerStep>& steps);

/// The pre-tokenizer of a family, as its tokenizer.json has it. Throws Error(kInternal) for an unknown name.
std::vector<PreTokenizerStep> split_steps_of(std::string_view family);

}  // namespace matinee
