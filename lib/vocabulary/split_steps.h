#pragma once

#include <string_view>
#include <vector>

#include "lib/text/split_families.h"
#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// The family that does all that these steps do, on the bytes of the text as they are; nullptr where there is more to
/// do.
const SplitFamily* only_family_of(const std::vector<PreTokenizerStep>& steps);

/// The pre-tokenizer of a family, as its tokenizer.json has it. Throws Error(kInternal) for an unknown name.
std::vector<PreTokenizerStep> split_steps_of(std::string_view family);

}  // namespace matinee
