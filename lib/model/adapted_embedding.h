// The embedding with its adapter: LoRA, or trained rows.
#pragma once

#include <cstdint>

#include "kernels/context.h"
#include "kernels/matmul/matmul.h"
#include "lib/model/lora_weights.h"
#include "lib/model/model_config.h"

namespace matinee {

/// The rows of tokens that are embedded. Arrays are in device memory.
struct EmbeddedRows {
  std::int64_t n_rows = 0;
  const std::int32_t* tokens = nullptr;  ///< [n_rows]
  float* xa = nullptr;                   ///< [n_rows, embedding_rank()], written by forward, read by backward
  float multiplier = 1;                  ///< of the embedding, as in embed_tokens
  MatmulPrecision precision = MatmulPrecision::kF32;
};

/// The rank of what adapts the embedding, or the number of trained tokens; 0: nothing does.
std::int64_t embedding_rank(const LoraWeights& lora);

/// Computes the differences of trained tokens from their rows; before each pass that uses them.
void update_tokens(Context& context, const ModelConfig& config, const LoraWeights& lora);

/// stream [n_rows, hidden_size] += what the adapter adds to the embeddings of the tokens.
void adapt_embeddings(Context& context, const ModelConfig& config, const LoraWeights& lora, const EmbeddedRows& rows,
                      float* stream);
/// Adds the gradients of its factors, given that of the embeddings.
void adapt_embeddings_backward(Context& context, const ModelConfig& config, const LoraWeights& lora,
                               const EmbeddedRows& rows, const float* grad_stream);

}  // namespace matinee
