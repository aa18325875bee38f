#pragma once

#include <string>

#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// The tokenizer of a model folder, or in a file: tokenizer.json (tokenizer_json.h), else tokenizer.model
/// (sentencepiece_model.h, tiktoken_file.h), else vocab.json with merges.txt (vocab_merges.h). Throws Error(kMissing)
/// where a folder has none of them, and as the readers do.
struct TokenizerFiles {
  std::string folder;  ///< where the companions lie (tokenizer_config.json ...)
  std::string file;    ///< what was read, for messages
  TokenizerDefinition definition;
};
TokenizerFiles read_tokenizer_files(const std::string& path);

}  // namespace matinee
