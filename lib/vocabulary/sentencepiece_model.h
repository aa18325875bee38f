#pragma once

#include <string>
#include <string_view>

#include "lib/vocabulary/companion_tokens.h"
#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// Reads a SentencePiece model of type BPE (tokenizer.model of LLaMA-1/2, Alpaca, TinyLlama, Mistral): the protocol
/// buffer ModelProto of google/sentencepiece, sentencepiece_model.proto. Pieces merge by score, ties from the left;
/// user-defined pieces are found in the text, control pieces never; unknown characters fall back to bytes where the
/// model has them. Bytes that are no UTF-8 become U+FFFD each, as in the original. Throws Error(kBadData) for anything
/// else: a unigram, word or character model, a normalization table, whitespace as a suffix. `name` is for messages.
/// `companions` are tokens beyond the pieces, found in the text as it is.
TokenizerDefinition parse_sentencepiece_model(std::string_view bytes, const std::string& name,
                                              const CompanionTokens& companions = {});

/// True for bytes that look like a ModelProto (and not like tiktoken's lines of base64).
bool looks_like_sentencepiece(std::string_view bytes);

}  // namespace matinee
