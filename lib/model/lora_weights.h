#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lib/model/tensor_names.h"

namespace matinee {

/// The LoRA factors of one module and where their gradients are summed. Owns nothing. Modules that are one tensor in
/// the model's files share lora_A; each has its own rows of lora_B.
struct LoraFactors {
  const float* lora_A = nullptr;  ///< [rank, in]; null: the module has no adapter
  const float* lora_B = nullptr;  ///< [out, rank]
  float* grad_A = nullptr;        ///< null: not trained
  float* grad_B = nullptr;
  const float* magnitude = nullptr;  ///< [out], DoRA only
  float* grad_magnitude = nullptr;
  std::int64_t rank = 0;
  float scaling = 1;  ///< lora_alpha / rank, or lora_alpha / sqrt(rank)
  /// Names the dropout mask: the first module of the tensor, so that modules of one tensor drop the same inputs.
  Module mask = Module::kQ;
};

/// The LoRA factors of the embedding: row t of the table gets scaling·B·A[:, t], without dropout. Owns nothing.
struct EmbeddingFactors {
  const float* lora_A = nullptr;  ///< [vocab_size, rank], transposed; null: the embedding has no adapter
  const float* lora_B = nullptr;  ///< [hidden_size, rank]
  float* grad_A = nullptr;        ///< null: not trained
  float* grad_B = nullptr;
  std::int64_t rank = 0;
  float scaling = 1;
};

/// Trained rows of the embedding: row ids[t] of the table becomes rows[t]. Each is written as an adapter of rank n
/// whose factor `one_hot` selects the tokens, and whose other factor is `difference`, the rows minus the base's. For
/// the head it is LoraWeights::head. Owns nothing.
struct TokenFactors {
  const float* rows = nullptr;        ///< [n, hidden_size], what is trained; null: no tokens
  const float* minus_base = nullptr;  ///< [n, hidden_size], the base's rows times -1
  float* difference = nullptr;        ///< [n, hidden_size]; update_tokens writes it from the two
  const float* one_hot = nullptr;     ///< [vocab_size, n]; null: of the head only
  float* grad_rows = nullptr;         ///< null: not trained
  std::int64_t n = 0;
};

/// The LoRA factors of a model, by layer and Module, and of the layers outside the blocks. Owns nothing.
struct LoraWeights {
  float drop_probability = 0;
  std::vector<std::array<LoraFactors, kModules>> layers;
  LoraFactors head = {};
  bool head_has_dropout = true;  ///< false where `head` holds trained tokens
  EmbeddingFactors embedding = {};
  std::vector<TokenFactors> tokens = {};

  /// Whether the embedding's rows have a gradient.
  bool adapts_embedding() const;
};

}  // namespace matinee
