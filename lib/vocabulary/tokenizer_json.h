#pragma once

#include <string>
#include <string_view>

#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// Reads a Hugging Face tokenizer.json of model BPE: byte-level (GPT-2 kind) or with byte fallback (LLaMA kind).
/// Throws Error(kBadData) that names the JSON path ("pre_tokenizer.pretokenizers[1].type") for anything missing, of the
/// wrong type, or of a kind that is not known: an unknown step is never skipped. `name` is for messages.
TokenizerDefinition parse_tokenizer_json(std::string_view json, const std::string& name);

/// The same from a file.
TokenizerDefinition read_tokenizer_json(const std::string& path);

}  // namespace matinee
