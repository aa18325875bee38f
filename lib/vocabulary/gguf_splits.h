#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// How the byte-level tokenizers behind a value of "tokenizer.ggml.pre" split texts. llama.cpp's source,
/// llama-vocab.cpp, has the names; the steps are those of the original tokenizer.json files, which it approximates.
struct GgufSplit {
  std::vector<std::string_view> names;  ///< equivalent ones; the first is what we write
  std::vector<PreTokenizerStep> steps;
  bool ignore_merges = false;
  bool adds_bos = false;  ///< where "tokenizer.ggml.add_bos_token" is missing
  bool nfc = false;       ///< texts are composed first, which GGUF cannot say
};

/// nullptr where the name is not known.
const GgufSplit* gguf_split_named(std::string_view name);
/// The row of a byte-level tokenizer's steps; nullptr where GGUF has no name for them.
const GgufSplit* gguf_split_of(const TokenizerDefinition& definition);
/// The names that we write, for messages: "gpt-2, starcoder, ...".
std::string gguf_split_names();

}  // namespace matinee
