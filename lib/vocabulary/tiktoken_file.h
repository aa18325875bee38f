#pragma once

#include <string>
#include <string_view>

#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// Reads Llama 3's tokenizer.model: tiktoken's lines of "BASE64 RANK". Tokens merge by rank; text is split by Llama 3's
/// pattern; the 256 special tokens behind the last rank are those of meta-llama/llama3, llama/tokenizer.py. Throws
/// Error(kBadData) with the line for anything else. `name` is for messages.
TokenizerDefinition parse_tiktoken_file(std::string_view text, const std::string& name);

}  // namespace matinee
