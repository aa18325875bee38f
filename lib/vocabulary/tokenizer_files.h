#pragma once

#include <string>

#include "lib/vocabulary/special_tokens.h"
#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// The tokenizer of a model: of a folder tokenizer.json (tokenizer_json.h), else tokenizer.model
/// (sentencepiece_model.h, tiktoken_file.h), else vocab.json with merges.txt (vocab_merges.h), else its GGUF file
/// (gguf_tokenizer.h); or the one in a file of these kinds. Throws Error(kMissing) where a folder has none of them, and
/// as the readers do.
struct TokenizerFiles {
  std::string folder;  ///< where the companions lie (tokenizer_config.json ...)
  std::string file;    ///< what was read, for messages
  TokenizerDefinition definition{};
  SpecialTokens special{};  ///< of the companions, or of the GGUF file
};
TokenizerFiles read_tokenizer_files(const std::string& path);

}  // namespace matinee
