#pragma once

#include <string>

#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// Reads `folder`/vocab.json and merges.txt (openai/gpt-2's form; LF or CRLF, with or without "#version"): byte-level
/// BPE. How text is split comes from "tokenizer_class" of tokenizer_config.json, GPT-2's way where there is none;
/// added tokens from its "added_tokens_decoder" or from added_tokens.json. Throws Error(kBadData) with file and place,
/// also for a class that is not known: the same files are split differently by different families.
TokenizerDefinition read_vocab_merges(const std::string& folder);

}  // namespace matinee
