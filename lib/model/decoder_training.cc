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
  buffer(selected_attention_, q);
  for (auto* values : {&grad_q_, &grad_attention_}) buffer(*values, q);
  for (auto* values : {&grad_k_, &grad_v_}) buffer(*values, kv);
  for (auto* values : {&grad_gate_, &grad_up_, &grad_gated_}) buffer(*values, i);
  logits_.resize(size(kHeadRows * config.vocab_size));
  selected_.reserve(size(max_tokens));
  selected_targets_.reserve(size(max_tokens));
  n_positions_ = std::min(max_tokens, config.max_position_embeddings);
  make_rotary_tables(config, n_positions_, cosines_, sines_);
}

std::uint64_t DecoderTraining::activation_bytes(const ModelConfig& config, std::int64_t rank, std::int64_t max_tokens) {
  const std::int64_t c = config.hidden_size, i = config.intermediate_size, q = config.q_size(), kv = config.kv_size();
  const std::int64_t layer = 4 * c + 2 + 2 * q + 2 * kv + 3 * i + config.num_attention_heads + kModules * rank;
  const std::int64_t shared = 4 * c + 1 + 3 * q + 2 * kv + 3 * i + 2;
  return static_cast<std::uint64_t>(
      4 * (max_tokens * (config.num_hidden_layers * layer + shared) + kHeadRows * config.vocab_size));
}

std::uint64_t lora_dropout_key(const DropoutKey& dropout, std::int64_t layer, Module module) {
  const std::uint64_t words[4] = {dropout.seed, static_cast<std::uint64_t>(dropout.step),
                                  static_cast<std::uint64_t>(layer), static_cast<std::uint64_t>(module)};
  return hash64({reinterpret_cast<const char*>(words), sizeof words}, hash64("dropout"));
}

// Rows that pass a linear layer.
std::int64_t DecoderTraining::rows_of(std::size_t layer, Module module) const {
  return is_last(layer) && module >= Module::kO ? static_cast<std::int64_t>(selected_.size()) : n_rows_;
}

LoraDropout DecoderTraining::lora_dropout(std::size_t layer, Module module, const DropoutKey* dropout) const {
  if (dropout == nullptr) return {};
  const bool selected = is_last(layer) && module >= Module::kO;
  return {lora_->drop_probability, lora_dropout_key(*dropout, static_cast<std::int64_t>(layer), module),
          selected ? dropout->first_supervised_row : dropout->first_row};
}

void DecoderTraining::linear(const float* x, std::size_t layer, Module module, float* y, bool accumulate,
                             const DropoutKey* dropout) {
  const auto shape = module_shape(config_, module);
  const std::int64_t n_rows = rows_of(layer, module);
  const WeightSlot& weight = weights_.layers[layer].modules[size(static_cast<int>(module))];
  matmul_forward(context_, {.n_rows = n_rows,
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
  lora_matmul_forward(context_, {.n_rows = n_rows,
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
  const std::int64_t n_rows = rows_of(layer, module);
  const WeightSlot& weight = weights_.layers[layer].modules[size(static_cast<int>(module))];
  if (grad_x != nullptr) {
    matmul_backward_input(context_, {.n_rows = n_rows,
                                     .in = shape[1],
                                     .out = shape[0],
                                     .grad_y = grad_y,
                                     .weight = weight.view,
                                     .grad_x = grad_x,
                                     .accumulate = accumulate,
                                     .product = product_});
  }
  if (weight.grad != nullptr) {
    matmul_backward_weight(context_, {.n_rows = n_rows,
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
  lora_matmul_backward(context_, {.n_rows = n_rows,
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
  const RotaryArgs args{.n_tokens = n_rows_,
                        .n_heads = heads,
                        .head_dim = config_.head_dim,
                        .rotary_dim = config_.head_dim,
                        .style = RotaryStyle::kHalfSplit,
                        .positions = batch.positions.data(),
                        .n_positions = n_positions_,
                        .cosines = cosines_.data(),
                        .sines = sines_.data(),
                        .x = x};
  if (backward) {
    rotary_backward(context_, args);
  } else {
    rotary_forward(context_, args);
  }
}

// The rows that the loss counts, or all.
void DecoderTraining::select_rows(const PackedBatch& batch, bool all) {
  n_rows_ = static_cast<std::int64_t>(batch.tokens.size());
  if (n_rows_ > max_tokens_) contract_violation("DecoderTraining", "the batch has more tokens than its buffers");
  selected_.clear();
  selected_targets_.clear();
  for (std::int64_t row = 0; row < n_rows_; ++row) {
    if (!all && batch.targets[size(row)] == kIgnoredTarget) continue;
    selected_.push_back(static_cast<std::int32_t>(row));
    selected_targets_.push_back(batch.targets[size(row)]);
  }
}

void DecoderTraining::gather_rows(const float* all, std::int64_t width, float* selected) const {
  for (const std::int32_t row : selected_) selected = std::copy_n(all + row * width, width, selected);
}

// The reverse, in place: a selected row moves to where it belongs, the others become zero. From the end, since no row
// moves forwards.
void DecoderTraining::scatter_rows(std::int64_t width, float* values) const {
  auto next = static_cast<std::int64_t>(selected_.size()) - 1;
  for (std::int64_t row = n_rows_ - 1; row > next; --row) {
    if (next >= 0 && selected_[size(next)] == row) {
      std::copy_n(values + next-- * width, width, values + row * width);
    } else {
      std::fill_n(values + row * width, width, 0.0f);
    }
  }
}

void DecoderTraining::forward(const PackedBatch& batch, const DropoutKey* dropout) {
  const std::int64_t c = config_.hidden_size;
  const auto eps = static_cast<float>(config_.rms_norm_eps);
  float* stream = layers_.front().input.data();
  embedding_forward(context_, {.n_tokens = n_rows_,
                               .vocab = config_.vocab_size,
                               .width = c,
                               .ids = batch.tokens.data(),
                               .table = weights_.embed_tokens.view,
                               .y = stream});
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    LayerActivations& a = layers_[l];
    const LayerSlots& w = weights_.layers[l];
    rms_norm_forward(context_, {.n_rows = n_rows_,
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
    attention_forward(context_, {.n_tokens = n_rows_,
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
    const float* attention = a.attention.data();
    if (is_last(l)) {
      gather_rows(a.input.data(), c, a.middle.data());
      gather_rows(attention, config_.q_size(), selected_attention_.data());
      attention = selected_attention_.data();
    } else {
      std::copy_n(a.input.data(), size(n_rows_ * c), a.middle.data());
    }
    const std::int64_t n_rows = rows_of(l, Module::kO);
    linear(attention, l, Module::kO, a.middle.data(), true, dropout);
    rms_norm_forward(context_, {.n_rows = n_rows,
                                .width = c,
                                .x = a.middle.data(),
                                .weight = w.post_attention_norm.value,
                                .eps = eps,
                                .y = a.middle_normed.data(),
                                .rstd = a.middle_rstd.data()});
    linear(a.middle_normed.data(), l, Module::kGate, a.gate.data(), false, dropout);
    linear(a.middle_normed.data(), l, Module::kUp, a.up.data(), false, dropout);
    activation_forward(context_, {.n = n_rows * config_.intermediate_size,
                                  .activation = Activation::kSilu,
                                  .x = a.gate.data(),
                                  .up = a.up.data(),
                                  .y = a.gated.data()});
    float* next = is_last(l) ? output_.data() : layers_[l + 1].input.data();
    std::copy_n(a.middle.data(), size(n_rows * c), next);
    linear(a.gated.data(), l, Module::kDown, next, true, dropout);
  }
  rms_norm_forward(context_, {.n_rows = static_cast<std::int64_t>(selected_.size()),
                              .width = c,
                              .x = output_.data(),
                              .weight = weights_.norm.value,
                              .eps = eps,
                              .y = output_normed_.data(),
                              .rstd = output_rstd_.data()});
}

// Loss over the selected rows, in chunks, so that logits are never whole in memory. With a gradient, grad_normed_
// becomes the gradient of the normed output.
CrossEntropySums DecoderTraining::head(bool with_gradient, float grad_scale) {
  const std::int64_t c = config_.hidden_size, vocab = config_.vocab_size;
  const auto n_selected = static_cast<std::int64_t>(selected_.size());
  CrossEntropySums sums;
  for (std::int64_t first = 0; first < n_selected; first += kHeadRows) {
    const std::int64_t n = std::min(n_selected - first, kHeadRows);
    const float* x = output_normed_.data() + first * c;
    matmul_forward(context_, {.n_rows = n,
                              .in = c,
                              .out = vocab,
                              .x = x,
                              .weight = weights_.lm_head.view,
                              .bias = nullptr,
                              .y = logits_.data(),
                              .product = product_});
    cross_entropy(context_, {.n_rows = n,
                             .vocab = vocab,
                             .logits = logits_.data(),
                             .targets = selected_targets_.data() + first,
                             .with_gradient = with_gradient,
                             .grad_scale = grad_scale,
                             .sums = &sums});
    if (!with_gradient) continue;
    matmul_backward_input(context_, {.n_rows = n,
                                     .in = c,
                                     .out = vocab,
                                     .grad_y = logits_.data(),
                                     .weight = weights_.lm_head.view,
                                     .grad_x = grad_normed_.data() + first * c,
                                     .product = product_});
    if (weights_.lm_head.grad == nullptr) continue;
    matmul_backward_weight(context_, {.n_rows = n,
                                      .in = c,
                                      .out = vocab,
                                      .grad_y = logits_.data(),
                                      .x = x,
                                      .grad_weight = weights_.lm_head.grad,
                                      .grad_bias = nullptr,
                                      .product = product_});
  }
  return sums;
}

void DecoderTraining::backward(const PackedBatch& batch, const DropoutKey& dropout) {
  const std::int64_t c = config_.hidden_size;
  rms_norm_backward(context_, {.n_rows = static_cast<std::int64_t>(selected_.size()),
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
    const std::int64_t n_rows = rows_of(l, Module::kO);
    linear_backward(grad_stream_.data(), a.gated.data(), l, Module::kDown, grad_gated_.data(), false, dropout);
    activation_backward(context_, {.n = n_rows * config_.intermediate_size,
                                   .activation = Activation::kSilu,
                                   .grad_y = grad_gated_.data(),
                                   .x = a.gate.data(),
                                   .up = a.up.data(),
                                   .grad_x = grad_gate_.data(),
                                   .grad_up = grad_up_.data()});
    linear_backward(grad_gate_.data(), a.middle_normed.data(), l, Module::kGate, grad_normed_.data(), false, dropout);
    linear_backward(grad_up_.data(), a.middle_normed.data(), l, Module::kUp, grad_normed_.data(), true, dropout);
    rms_norm_backward(context_, {.n_rows = n_rows,
                                 .width = c,
                                 .grad_y = grad_normed_.data(),
                                 .x = a.middle.data(),
                                 .weight = w.post_attention_norm.value,
                                 .rstd = a.middle_rstd.data(),
                                 .grad_x = grad_stream_.data(),
                                 .accumulate = true,
                                 .grad_weight = w.post_attention_norm.grad});
    const float* attention = is_last(l) ? selected_attention_.data() : a.attention.data();
    linear_backward(grad_stream_.data(), attention, l, Module::kO, grad_attention_.data(), false, dropout);
    if (is_last(l)) {
      scatter_rows(c, grad_stream_.data());
      scatter_rows(config_.q_size(), grad_attention_.data());
    }
    attention_backward(context_, {.n_tokens = n_rows_,
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
    // Below the first layer of a frozen base nothing learns.
    const bool onwards = l > 0 || w.input_norm.grad != nullptr || weights_.embed_tokens.grad != nullptr;
    float* grad_x = onwards ? grad_normed_.data() : nullptr;
    linear_backward(grad_q_.data(), a.normed.data(), l, Module::kQ, grad_x, false, dropout);
    linear_backward(grad_k_.data(), a.normed.data(), l, Module::kK, grad_x, true, dropout);
    linear_backward(grad_v_.data(), a.normed.data(), l, Module::kV, grad_x, true, dropout);
    if (!onwards) break;
    rms_norm_backward(context_, {.n_rows = n_rows_,
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
    embedding_backward(context_, {.n_tokens = n_rows_,
                                  .vocab = config_.vocab_size,
                                  .width = c,
                                  .ids = batch.tokens.data(),
                                  .grad_y = grad_stream_.data(),
                                  .grad_table = weights_.embed_tokens.grad});
  }
}

CrossEntropySums DecoderTraining::evaluate(const PackedBatch& batch) {
  select_rows(batch, false);
  forward(batch, nullptr);
  return head(false, 1);
}

CrossEntropySums DecoderTraining::forward_backward(const PackedBatch& batch, float grad_scale,
                                                   const DropoutKey& dropout) {
  select_rows(batch, false);
  forward(batch, &dropout);
  const CrossEntropySums sums = head(true, grad_scale);
  backward(batch, dropout);
  return sums;
}

std::vector<float> DecoderTraining::logits(const PackedBatch& batch) {
  select_rows(batch, true);
  forward(batch, nullptr);
  std::vector<float> all(size(n_rows_ * config_.vocab_size));
  matmul_forward(context_, {.n_rows = n_rows_,
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
