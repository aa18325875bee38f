#pragma once

#include "lib/io/gguf.h"
#include "lib/vocabulary/special_tokens.h"
#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

struct GgufTokenizer {
  TokenizerDefinition definition;
  SpecialTokens special;
};

/// The tokenizer in a GGUF file's metadata ("tokenizer.ggml.*"), as llama.cpp reads it: model "gpt2" (byte-level BPE by
/// merges, split as "pre" says, gguf_splits.h) and "llama" (SentencePiece BPE by scores). Control tokens are special,
/// user-defined tokens are found in any text. Throws Error(kBadData) with the key for another model or pattern and for
/// anything inconsistent, Error(kMissing) where the file has no tokenizer.
GgufTokenizer read_gguf_tokenizer(const GgufFile& file);

}  // namespace matinee
