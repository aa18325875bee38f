#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/text/tokenizer_definition.h"

namespace matinee {

/// The first stage: rewrites the text before it is split. `prefix` is false for text that continues other text; then
/// nothing is put before it.
std::string normalize_text(const std::vector<NormalizerStep>& steps, std::string_view text, bool prefix);

}  // namespace matinee
