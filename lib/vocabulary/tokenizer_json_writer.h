#pragma once

#include <string>

#include "lib/vocabulary/special_tokens.h"
#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// A tokenizer as files of a Hugging Face folder.
struct TokenizerJson {
  std::string tokenizer;         ///< tokenizer.json
  std::string tokenizer_config;  ///< tokenizer_config.json: the roles of tokens
};

/// Writes any definition, of a GGUF file for example, so that a Hugging Face folder can be made of it: the same ids in
/// transformers and, read back with parse_tokenizer_json, here. SentencePiece's merges of equal score, which go from
/// the left, get ranks one after another, as in transformers' own conversion. Throws Error(kBadData) for what
/// tokenizer.json has no step for: SentencePiece's removal of spaces.
TokenizerJson tokenizer_json_of(const TokenizerDefinition& definition, const SpecialTokens& special);

}  // namespace matinee
