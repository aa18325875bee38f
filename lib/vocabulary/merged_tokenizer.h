// The tokenizer of a base in the files of a model that is made of it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lib/io/gguf.h"

namespace matinee {

/// The metadata "tokenizer.*" of a GGUF file: those of a GGUF base as they are, else gguf_vocabulary. Throws as
/// read_tokenizer_files and gguf_vocabulary.
std::vector<std::pair<std::string, GgufValue>> tokenizer_metadata(const std::string& base, std::int64_t vocab_size);

/// Writes tokenizer.json and tokenizer_config.json of a GGUF base into `folder`. Throws as read_tokenizer_files and
/// tokenizer_json_of.
void write_tokenizer_json(const std::string& gguf_base, const std::string& folder);

}  // namespace matinee
