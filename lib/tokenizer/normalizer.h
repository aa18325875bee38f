#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// The first stage: rewrites the text before it is split. `prefix` is false for text that continues other text, which
/// gets no prefix. Throws Error(kBadData) where replacements make a text more than 64 times as long (and 64
/// KB).
std::string normalize_text(const std::vector<NormalizerStep>& steps, std::string_view text, bool prefix);

}  // namespace matinee
