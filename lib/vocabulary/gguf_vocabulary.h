#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lib/io/gguf.h"
#include "lib/vocabulary/special_tokens.h"
#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// The tokenizer as GGUF's metadata ("tokenizer.ggml.*"), in the order in which llama.cpp's own converter writes it:
/// byte-level BPE as "gpt2" with its merges and the name of its split pattern, the LLaMA kind as "llama" with scores.
/// Scores are minus the rank at which merges make a token, which merges in the same order as SentencePiece's own.
/// The list has the length of the model's vocabulary; ids without a token are listed as unused, and added tokens for
/// which the model has no rows are left out (limit_vocabulary).
/// Throws Error(kBadData) naming what GGUF cannot express: another split pattern, a normalizer that changes text.
std::vector<std::pair<std::string, GgufValue>> gguf_vocabulary(const TokenizerDefinition& definition,
                                                               const SpecialTokens& special, std::int64_t vocab_size);

}  // namespace matinee
