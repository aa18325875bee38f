#include "lib/model/adapted_embedding.h"

#include "kernels/ops.h"

namespace matinee {
namespace {

// The trained tokens of the embedding; null: none.
const TokenFactors* tokens_of_embedding(const LoraWeights& lora) {
  for (const TokenFactors& tokens : lora.tokens) {
    if (tokens.one_hot != nullptr) return &tokens;
  }
  return nullptr;
}

// xa = the row of `table` [vocab_size, width] for each token.
void look_up(Context& context, const ModelConfig& config, const EmbeddedRows& rows, const float* table,
             std::int64_t width, float scaling) {
  embedding_forward(context, {.n_tokens = rows.n_rows,
                              .vocab = config.vocab_size,
                              .width = width,
                              .ids = rows.tokens,
                              .table = {table, WeightFormat::kF32},
                              .multiplier = scaling * rows.multiplier,
                              .y = rows.xa});
}

}  // namespace

bool LoraWeights::adapts_embedding() const {
  return embedding.lora_A != nullptr || tokens_of_embedding(*this) != nullptr;
}

std::int64_t embedding_rank(const LoraWeights& lora) {
  const TokenFactors* tokens = tokens_of_embedding(lora);
  return tokens != nullptr ? tokens->n : lora.embedding.rank;
}

void update_tokens(Context& context, const ModelConfig& config, const LoraWeights& lora) {
  for (const TokenFactors& tokens : lora.tokens) {
    const std::int64_t n = tokens.n * config.hidden_size;
    context.allocator()->copy(tokens.difference, tokens.rows, static_cast<std::size_t>(n) * sizeof(float));
    add_scaled(context, {.n = n, .x = tokens.minus_base, .y = tokens.difference});
  }
}

void adapt_embeddings(Context& context, const ModelConfig& config, const LoraWeights& lora, const EmbeddedRows& rows,
                      float* stream) {
  if (const TokenFactors* tokens = tokens_of_embedding(lora); tokens != nullptr) {
    look_up(context, config, rows, tokens->one_hot, tokens->n, 1);
    // stream += xa·difference, which has the form of a gradient times a weight.
    matmul_backward_input(context, {.n_rows = rows.n_rows,
                                    .in = config.hidden_size,
                                    .out = tokens->n,
                                    .grad_y = rows.xa,
                                    .weight = {tokens->difference, WeightFormat::kF32},
                                    .grad_x = stream,
                                    .accumulate = true,
                                    .precision = rows.precision});
    return;
  }
  const EmbeddingFactors& factors = lora.embedding;
  look_up(context, config, rows, factors.lora_A, factors.rank, factors.scaling);
  matmul_forward(context, {.n_rows = rows.n_rows,
                           .in = factors.rank,
                           .out = config.hidden_size,
                           .x = rows.xa,
                           .weight = {factors.lora_B, WeightFormat::kF32},
                           .y = stream,
                           .accumulate = true,
                           .precision = rows.precision});
}

void adapt_embeddings_backward(Context& context, const ModelConfig& config, const LoraWeights& lora,
                               const EmbeddedRows& rows, const float* grad_stream) {
  if (const TokenFactors* tokens = tokens_of_embedding(lora); tokens != nullptr) {
    matmul_backward_weight(context, {.n_rows = rows.n_rows,
                                     .in = config.hidden_size,
                                     .out = tokens->n,
                                     .grad_y = rows.xa,
                                     .x = grad_stream,
                                     .grad_weight = tokens->grad_rows,
                                     .precision = rows.precision});
    return;
  }
  const EmbeddingFactors& factors = lora.embedding;
  matmul_backward_weight(context, {.n_rows = rows.n_rows,
                                   .in = factors.rank,
                                   .out = config.hidden_size,
                                   .grad_y = grad_stream,
                                   .x = rows.xa,
                                   .grad_weight = factors.grad_B,
                                   .precision = rows.precision});
  // xa is not needed any more.
  matmul_backward_input(context, {.n_rows = rows.n_rows,
                                  .in = factors.rank,
                                  .out = config.hidden_size,
                                  .grad_y = grad_stream,
                                  .weight = {factors.lora_B, WeightFormat::kF32},
                                  .grad_x = rows.xa,
                                  .precision = rows.precision});
  embedding_backward(context, {.n_tokens = rows.n_rows,
                               .vocab = config.vocab_size,
                               .width = factors.rank,
                               .ids = rows.tokens,
                               .grad_y = rows.xa,
                               .multiplier = factors.scaling * rows.multiplier,
                               .grad_table = factors.grad_A});
}

}  // namespace matinee
