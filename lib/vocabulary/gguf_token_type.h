#pragma once

#include <cstdint>

namespace matinee {

/// "tokenizer.ggml.token_type": llama_token_type of llama.cpp, the types of SentencePiece's pieces.
enum class GgufTokenType : std::int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

}  // namespace matinee
