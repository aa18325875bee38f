#include "lib/model/decoder_training.h"

#include <algorithm>
#include <cmath>

#include "kernels/ops.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/model/rotary_tables.h"

namespace matinee {
namespace {

// Rows of logits that are whole at a time.
constexpr std::int64_t kHeadRows = 512;

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

DecoderTraining::DecoderTraining(Context& context, const ModelConfig& config, const WeightSlots& weights,
                                 const LoraSlots* lora, std::int64_t max_tokens, Product product)
    : context_(context), config_(config), weights_(weights), lora_(lora), max_tokens_(max_tokens), product_(product) {
  const std::int64_t c = config.hidden_size, i = config.intermediate_size, q = config.q_size(), kv = config.kv_size();
  const auto buffer = [&](std::vector<float>& values, std::int64_t width) { values.resize(size(max_tokens * width)); };
  layers_.resize(size(config.num_hidden_layers));
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    LayerActivations& layer = layers_[l];
    for (auto* values : {&layer.input, &layer.normed, &layer.middle, &layer.middle_normed}) buffer(*values, c);
    for (auto* values : {&layer.rstd, &layer.middle_rstd}) buffer(*values, 1);
    for (auto* values : {&layer.q, &layer.attention}) buffer(*values, q);
    for (auto* values : {&layer.k, &layer.v}) buffer(*values, kv);
    for (auto* values : {&layer.gate, &layer.up, &layer.gated}) buffer(*values, i);
    buffer(layer.logsumexp, config.num_attention_heads);
    for (int m = 0; m < kModules; ++m) {
      if (lora != nullptr && lora->layers[l][size(m)].lora_A != nullptr) buffer(layer.xa[size(m)], lora->rank);
    }
  }
  for (auto* values : {&output_, &output_normed_, &grad_stream_, &grad_normed_}) buffer(*values, c);
  buffer(output_rstd_, 1);
  for (auto* values : {&grad_q_, &grad_attention_}) buffer(*values, q);
  for (auto* values : {&grad_k_, &grad_v_}) buffer(*values, kv);
  for (auto* values : {&grad_gate_, &grad_up_, &grad_gated_}) buffer(*values, i);
  logits_.resize(size(kHeadRows * config.vocab_size));
  gathered_.resize(size(kHeadRows * c));
  grad_gathered_.resize(size(kHeadRows * c));
  gathered_targets_.resize(size(kHeadRows));
  make_rotary_tables(config, config.max_position_embeddings, cosines_, sines_);
}

std::uint64_t DecoderTraining::activation_bytes(const ModelConfig& config, std::int64_t rank, std::int64_t max_tokens) {
  const std::int64_t c = config.hidden_size, i = config.intermediate_size, q = config.q_size(), kv = config.kv_size();
  const std::int64_t layer = 4 * c + 2 + 2 * q + 2 * kv + 3 * i + config.num_attention_heads + kModules * rank;
  const std::int64_t shared = 4 * c + 1 + 2 * q + 2 * kv + 3 * i;
  return static_cast<std::uint64_t>(
      4 * (max_tokens * (config.num_hidden_layers * layer + shared) + kHeadRows * (config.vocab_size + 2 * c)));
}

LoraDropout DecoderTraining::lora_dropout(std::size_t layer, Module module, const DropoutKey* dropout) const {
  if (dropout == nullptr) return {};
  const std::uint64_t words[4] = {dropout->seed, static_cast<std::uint64_t>(dropout->step), layer,
                                  static_cast<std::uint64_t>(module)};
  const std::uint64_t key = hash64({reinterpret_cast<const char*>(words), sizeof words}, hash64("dropout"));
  return {lora_->drop_probability, key, dropout->first_row};
}

void DecoderTraining::linear(const float* x, std::size_t layer, Module module, float* y, bool accumulate,
                             const DropoutKey* dropout) {
  const auto shape = module_shape(config_, module);
  const WeightSlot& weight = weights_.layers[layer].modules[size(static_cast<int>(module))];
  matmul_forward(context_, {.n_rows = rows_,
                            .in = shape[1],
                            .out = shape[0],
                            .x = x,
                            .weight = weight.view,
                            .bias = nullptr,
                            .y = y,
                            .accumulate = accumulate,
                            .product = product_});
  if (lora_ == nullptr) return;
  const LoraSlot& slot = lora_->layers[layer][size(static_cast<int>(module))];
  if (slot.lora_A == nullptr) return;
  lora_matmul_forward(context_, {.n_rows = rows_,
                                 .in = shape[1],
                                 .out = shape[0],
                                 .rank = lora_->rank,
                                 .x = x,
                                 .lora_A = slot.lora_A,
                                 .lora_B = slot.lora_B,
                                 .scaling = lora_->scaling,
                                 .dropout = lora_dropout(layer, module, dropout),
                                 .xa = layers_[layer].xa[size(static_cast<int>(module))].data(),
                                 .y = y,
                                 .product = product_});
}

void DecoderTraining::linear_backward(const float* grad_y, const float* x, std::size_t layer, Module module,
                                      float* grad_x, bool accumulate, const DropoutKey& dropout) {
  const auto shape = module_shape(config_, module);
  const WeightSlot& weight = weights_.layers[layer].modules[size(static_cast<int>(module))];
  matmul_backward_input(context_, {.n_rows = rows_,
                                   .in = shape[1],
                                   .out = shape[0],
                                   .grad_y = grad_y,
                                   .weight = weight.view,
                                   .grad_x = grad_x,
                                   .accumulate = accumulate,
                                   .product = product_});
  if (weight.grad != nullptr) {
    matmul_backward_weight(context_, {.n_rows = rows_,
                                      .in = shape[1],
                                      .out = shape[0],
                                      .grad_y = grad_y,
                                      .x = x,
                                      .grad_weight = weight.grad,
                                      .grad_bias = nullptr,
                                      .product = product_});
  }
  if (lora_ == nullptr) return;
  const LoraSlot& slot = lora_->layers[layer][size(static_cast<int>(module))];
  if (slot.lora_A == nullptr) return;
  lora_matmul_backward(context_, {.n_rows = rows_,
                                  .in = shape[1],
                                  .out = shape[0],
                                  .rank = lora_->rank,
                                  .grad_y = grad_y,
                                  .x = x,
                                  .xa = layers_[layer].xa[size(static_cast<int>(module))].data(),
                                  .lora_A = slot.lora_A,
                                  .lora_B = slot.lora_B,
                                  .scaling = lora_->scaling,
                                  .dropout = lora_dropout(layer, module, &dropout),
                                  .grad_A = slot.grad_A,
                                  .grad_B = slot.grad_B,
                                  .grad_x = grad_x,
                                  .product = product_});
}

void DecoderTraining::rotate(float* x, std::int64_t heads, const PackedBatch& batch, bool backward) {
  const RotaryArgs args{.n_tokens = rows_,
                        .n_heads = heads,
                        .head_dim = config_.head_dim,
                        .rotary_dim = config_.head_dim,
                        .style = RotaryStyle::kHalfSplit,
                        .positions = batch.positions.data(),
                        .n_positions = config_.max_position_embeddings,
                        .cosines = cosines_.data(),
                        .sines = sines_.data(),
                        .x = x};
  if (backward) {
    rotary_backward(context_, args);
  } else {
    rotary_forward(context_, args);
  }
}

void DecoderTraining::forward(const PackedBatch& batch, const DropoutKey* dropout) {
  rows_ = static_cast<std::int64_t>(batch.tokens.size());
  if (rows_ > max_tokens_) contract_violation("DecoderTraining", "the batch has more tokens than its buffers");
  const std::int64_t c = config_.hidden_size;
  const auto eps = static_cast<float>(config_.rms_norm_eps);
  float* stream = layers_.front().input.data();
  embedding_forward(context_, {.n_tokens = rows_,
                               .vocab = config_.vocab_size,
                               .width = c,
                               .ids = batch.tokens.data(),
                               .table = weights_.embed_tokens.view,
                               .y = stream});
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    LayerActivations& a = layers_[l];
    const LayerSlots& w = weights_.layers[l];
    rms_norm_forward(context_, {.n_rows = rows_,
                                .width = c,
                                .x = a.input.data(),
                                .weight = w.input_norm.value,
                                .eps = eps,
                                .y = a.normed.data(),
                                .rstd = a.rstd.data()});
    linear(a.normed.data(), l, Module::kQ, a.q.data(), false, dropout);
    linear(a.normed.data(), l, Module::kK, a.k.data(), false, dropout);
    linear(a.normed.data(), l, Module::kV, a.v.data(), false, dropout);
    rotate(a.q.data(), config_.num_attention_heads, batch, false);
    rotate(a.k.data(), config_.num_key_value_heads, batch, false);
    attention_forward(context_, {.n_tokens = rows_,
                                 .n_heads = config_.num_attention_heads,
                                 .n_kv_heads = config_.num_key_value_heads,
                                 .head_dim = config_.head_dim,
                                 .scale = 1 / std::sqrt(static_cast<float>(config_.head_dim)),
                                 .segment_start = batch.segment_start.data(),
                                 .q = a.q.data(),
                                 .k = a.k.data(),
                                 .v = a.v.data(),
                                 .out = a.attention.data(),
                                 .logsumexp = a.logsumexp.data()});
    std::copy_n(a.input.data(), size(rows_ * c), a.middle.data());
    linear(a.attention.data(), l, Module::kO, a.middle.data(), true, dropout);
    rms_norm_forward(context_, {.n_rows = rows_,
                                .width = c,
                                .x = a.middle.data(),
                                .weight = w.post_attention_norm.value,
                                .eps = eps,
                                .y = a.middle_normed.data(),
                                .rstd = a.middle_rstd.data()});
    linear(a.middle_normed.data(), l, Module::kGate, a.gate.data(), false, dropout);
    linear(a.middle_normed.data(), l, Module::kUp, a.up.data(), false, dropout);
    activation_forward(context_, {.n = rows_ * config_.intermediate_size,
                                  .activation = Activation::kSilu,
                                  .x = a.gate.data(),
                                  .up = a.up.data(),
                                  .y = a.gated.data()});
    float* next = l + 1 < layers_.size() ? layers_[l + 1].input.data() : output_.data();
    std::copy_n(a.middle.data(), size(rows_ * c), next);
    linear(a.gated.data(), l, Module::kDown, next, true, dropout);
  }
  rms_norm_forward(context_, {.n_rows = rows_,
                              .width = c,
                              .x = output_.data(),
                              .weight = weights_.norm.value,
                              .eps = eps,
                              .y = output_normed_.data(),
                              .rstd = output_rstd_.data()});
}

// Loss over the supervised rows only, in chunks, so that logits are never whole in memory. With a gradient,
// grad_normed_ becomes the gradient of the normed output.
CrossEntropySums DecoderTraining::head(const PackedBatch& batch, bool with_gradient, float grad_scale) {
  const std::int64_t c = config_.hidden_size, vocab = config_.vocab_size;
  CrossEntropySums sums;
  std::vector<std::int32_t> rows;
  for (std::int64_t t = 0; t < rows_; ++t) {
    if (batch.targets[size(t)] != kIgnoredTarget) rows.push_back(static_cast<std::int32_t>(t));
  }
  if (with_gradient) std::fill_n(grad_normed_.data(), size(rows_ * c), 0.0f);
  for (std::size_t begin = 0; begin < rows.size(); begin += size(kHeadRows)) {
    const auto n = static_cast<std::int64_t>(std::min(rows.size() - begin, size(kHeadRows)));
    for (std::int64_t i = 0; i < n; ++i) {
      const auto row = size(rows[begin + size(i)]);
      std::copy_n(output_normed_.data() + row * size(c), size(c), gathered_.data() + size(i * c));
      gathered_targets_[size(i)] = batch.targets[row];
    }
    matmul_forward(context_, {.n_rows = n,
                              .in = c,
                              .out = vocab,
                              .x = gathered_.data(),
                              .weight = weights_.lm_head.view,
                              .bias = nullptr,
                              .y = logits_.data(),
                              .product = product_});
    cross_entropy(context_, {.n_rows = n,
                             .vocab = vocab,
                             .logits = logits_.data(),
                             .targets = gathered_targets_.data(),
                             .with_gradient = with_gradient,
                             .grad_scale = grad_scale,
                             .sums = &sums});
    if (!with_gradient) continue;
    matmul_backward_input(context_, {.n_rows = n,
                                     .in = c,
                                     .out = vocab,
                                     .grad_y = logits_.data(),
                                     .weight = weights_.lm_head.view,
                                     .grad_x = grad_gathered_.data(),
                                     .product = product_});
    if (weights_.lm_head.grad != nullptr) {
      matmul_backward_weight(context_, {.n_rows = n,
                                        .in = c,
                                        .out = vocab,
                                        .grad_y = logits_.data(),
                                        .x = gathered_.data(),
                                        .grad_weight = weights_.lm_head.grad,
                                        .grad_bias = nullptr,
                                        .product = product_});
    }
    for (std::int64_t i = 0; i < n; ++i) {
      std::copy_n(grad_gathered_.data() + size(i * c), size(c), grad_normed_.data() + size(rows[begin + size(i)] * c));
    }
  }
  return sums;
}

void DecoderTraining::backward(const PackedBatch& batch, const DropoutKey& dropout) {
  const std::int64_t c = config_.hidden_size, inner = rows_ * config_.intermediate_size;
  rms_norm_backward(context_, {.n_rows = rows_,
                               .width = c,
                               .grad_y = grad_normed_.data(),
                               .x = output_.data(),
                               .weight = weights_.norm.value,
                               .rstd = output_rstd_.data(),
                               .grad_x = grad_stream_.data(),
                               .grad_weight = weights_.norm.grad});
  for (std::size_t l = layers_.size(); l-- > 0;) {
    LayerActivations& a = layers_[l];
    const LayerSlots& w = weights_.layers[l];
    linear_backward(grad_stream_.data(), a.gated.data(), l, Module::kDown, grad_gated_.data(), false, dropout);
    activation_backward(context_, {.n = inner,
                                   .activation = Activation::kSilu,
                                   .grad_y = grad_gated_.data(),
                                   .x = a.gate.data(),
                                   .up = a.up.data(),
                                   .grad_x = grad_gate_.data(),
                                   .grad_up = grad_up_.data()});
    linear_backward(grad_gate_.data(), a.middle_normed.data(), l, Module::kGate, grad_normed_.data(), false, dropout);
    linear_backward(grad_up_.data(), a.middle_normed.data(), l, Module::kUp, grad_normed_.data(), true, dropout);
    rms_norm_backward(context_, {.n_rows = rows_,
                                 .width = c,
                                 .grad_y = grad_normed_.data(),
                                 .x = a.middle.data(),
                                 .weight = w.post_attention_norm.value,
                                 .rstd = a.middle_rstd.data(),
                                 .grad_x = grad_stream_.data(),
                                 .accumulate = true,
                                 .grad_weight = w.post_attention_norm.grad});
    linear_backward(grad_stream_.data(), a.attention.data(), l, Module::kO, grad_attention_.data(), false, dropout);
    attention_backward(context_, {.n_tokens = rows_,
                                  .n_heads = config_.num_attention_heads,
                                  .n_kv_heads = config_.num_key_value_heads,
                                  .head_dim = config_.head_dim,
                                  .scale = 1 / std::sqrt(static_cast<float>(config_.head_dim)),
                                  .segment_start = batch.segment_start.data(),
                                  .q = a.q.data(),
                                  .k = a.k.data(),
                                  .v = a.v.data(),
                                  .out = a.attention.data(),
                                  .logsumexp = a.logsumexp.data(),
                                  .grad_out = grad_attention_.data(),
                                  .grad_q = grad_q_.data(),
                                  .grad_k = grad_k_.data(),
                                  .grad_v = grad_v_.data()});
    rotate(grad_q_.data(), config_.num_attention_heads, batch, true);
    rotate(grad_k_.data(), config_.num_key_value_heads, batch, true);
    linear_backward(grad_q_.data(), a.normed.data(), l, Module::kQ, grad_normed_.data(), false, dropout);
    linear_backward(grad_k_.data(), a.normed.data(), l, Module::kK, grad_normed_.data(), true, dropout);
    linear_backward(grad_v_.data(), a.normed.data(), l, Module::kV, grad_normed_.data(), true, dropout);
    rms_norm_backward(context_, {.n_rows = rows_,
                                 .width = c,
                                 .grad_y = grad_normed_.data(),
                                 .x = a.input.data(),
                                 .weight = w.input_norm.value,
                                 .rstd = a.rstd.data(),
                                 .grad_x = grad_stream_.data(),
                                 .accumulate = true,
                                 .grad_weight = w.input_norm.grad});
  }
  if (weights_.embed_tokens.grad != nullptr) {
    embedding_backward(context_, {.n_tokens = rows_,
                                  .vocab = config_.vocab_size,
                                  .width = c,
                                  .ids = batch.tokens.data(),
                                  .grad_y = grad_stream_.data(),
                                  .grad_table = weights_.embed_tokens.grad});
  }
}

CrossEntropySums DecoderTraining::evaluate(const PackedBatch& batch) {
  forward(batch, nullptr);
  return head(batch, false, 1);
}

CrossEntropySums DecoderTraining::forward_backward(const PackedBatch& batch, float grad_scale,
                                                   const DropoutKey& dropout) {
  forward(batch, &dropout);
  const CrossEntropySums sums = head(batch, true, grad_scale);
  backward(batch, dropout);
  return sums;
}

std::vector<float> DecoderTraining::logits(const PackedBatch& batch) {
  forward(batch, nullptr);
  std::vector<float> all(size(rows_ * config_.vocab_size));
  matmul_forward(context_, {.n_rows = rows_,
                            .in = config_.hidden_size,
                            .out = config_.vocab_size,
                            .x = output_normed_.data(),
                            .weight = weights_.lm_head.view,
                            .bias = nullptr,
                            .y = all.data(),
                            .product = product_});
  return all;
}

}  // namespace matinee
