#include "lib/model/decoder_training.h"

#include <utility>

#include "kernels/ops.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/model/neftune.h"

namespace matinee {
namespace {

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

DecoderTraining::DecoderTraining(Context& context, const ModelConfig& config, const ModelWeights& weights,
                                 const LoraWeights* lora, std::int64_t max_tokens, MatmulPrecision precision,
                                 bool recompute)
    : context_(context),
      config_(config),
      weights_(weights),
      lora_(lora),
      max_tokens_(max_tokens),
      precision_(precision),
      head_(context, config, weights.lm_head, precision) {
  require_head_dim(context, config);
  buffers_ = {context.allocator(), config, adapter_widths(lora), {.max_tokens = max_tokens, .recompute = recompute}};
}

std::uint64_t lora_dropout_key(const DropoutKey& dropout, std::int64_t layer, Module module) {
  const std::uint64_t words[4] = {dropout.seed, static_cast<std::uint64_t>(dropout.step),
                                  static_cast<std::uint64_t>(layer), static_cast<std::uint64_t>(module)};
  return hash64({reinterpret_cast<const char*>(words), sizeof words}, hash64("dropout"));
}

RotaryPositions DecoderTraining::rotary(std::size_t layer) const {
  return buffers_.rotary.of(config_, static_cast<std::int64_t>(layer), buffers_.positions.data());
}

// Rows of a linear layer's input.
std::int64_t DecoderTraining::rows_of(std::size_t layer, Module module) const {
  return is_last(layer) && module >= Module::kO ? n_selected_ : n_rows_;
}

LoraDropout DecoderTraining::lora_dropout(std::size_t layer, Module module, const LoraFactors& factors,
                                          const DropoutKey* dropout) const {
  if (dropout == nullptr) return {};
  const bool selected = is_last(layer) && module >= Module::kO;
  return {lora_->drop_probability, lora_dropout_key(*dropout, static_cast<std::int64_t>(layer), factors.mask),
          selected ? dropout->first_supervised_row : dropout->first_row};
}

AdaptedLinear DecoderTraining::linear(std::size_t layer, Module module, const DropoutKey* dropout) {
  const auto [out, in] = module_shape(config_, module);
  const std::size_t m = index_of(module);
  AdaptedLinear linear{.n_rows = rows_of(layer, module),
                       .in = in,
                       .out = out,
                       .weight = &weights_.layers[layer].modules[m],
                       .precision = precision_};
  if (lora_ == nullptr || lora_->layers[layer][m].lora_A == nullptr) return linear;
  TrainingBuffers::Layer& kept = buffers_.layer(layer);
  linear.lora = &lora_->layers[layer][m];
  linear.dropout = lora_dropout(layer, module, *linear.lora, dropout);
  linear.xa = kept.xa[m];
  if (linear.lora->magnitude == nullptr) return linear;
  linear.unscaled = kept.unscaled[m];
  linear.norms = kept.norms[m];
  return linear;
}

// Of the head. Its dropout masks are counted among supervised rows, as those of the last layers are.
HeadLoss::Adapter DecoderTraining::head_adapter(const DropoutKey* dropout) {
  if (lora_ == nullptr || lora_->head.lora_A == nullptr) return {};
  LoraDropout masks;
  if (dropout != nullptr && lora_->head_has_dropout) {
    masks = {lora_->drop_probability, lora_dropout_key(*dropout, config_.num_hidden_layers, lora_->head.mask),
             dropout->first_supervised_row};
  }
  return {.lora = &lora_->head,
          .dropout = masks,
          .xa = buffers_.head_xa.data(),
          .unscaled = buffers_.head_unscaled.data(),
          .norms = buffers_.head_norms.data()};
}

EmbeddedRows DecoderTraining::embedded_rows() {
  return {
      .n_rows = n_rows_, .tokens = buffers_.tokens.data(), .xa = buffers_.embedding_xa.data(), .precision = precision_};
}

// To the device, with the list of supervised rows, or of all rows.
void DecoderTraining::upload(const PackedBatch& batch, bool all_rows) {
  n_rows_ = static_cast<std::int64_t>(batch.tokens.size());
  if (n_rows_ > max_tokens_) contract_violation("DecoderTraining", "the batch has more tokens than its buffers");
  std::vector<std::int32_t> rows, targets;
  for (std::int64_t row = 0; row < n_rows_; ++row) {
    if (!all_rows && batch.targets[size(row)] == kIgnoredTarget) continue;
    rows.push_back(static_cast<std::int32_t>(row));
    targets.push_back(batch.targets[size(row)]);
  }
  n_selected_ = static_cast<std::int64_t>(rows.size());
  buffers_.tokens.upload(batch.tokens);
  buffers_.positions.upload(batch.positions);
  buffers_.segment_start.upload(batch.segment_start);
  buffers_.selected.upload(rows);
  buffers_.selected_targets.upload(targets);
}

// Supervised rows of all rows.
void DecoderTraining::gather(const float* all, std::int64_t width, float* selected) {
  gather_rows(context_, {.n_rows = n_selected_,
                         .n_all = n_rows_,
                         .width = width,
                         .rows = buffers_.selected.data(),
                         .x = all,
                         .y = selected});
}

// The reverse; the other rows become zero.
void DecoderTraining::scatter(const float* selected, std::int64_t width, float* all) {
  scatter_rows(context_, {.n_rows = n_selected_,
                          .n_all = n_rows_,
                          .width = width,
                          .rows = buffers_.selected.data(),
                          .x = selected,
                          .y = all});
}

// `values` [supervised rows, hidden_size] become [rows, hidden_size]. They are exchanged for output_normed, which is
// free in the backward pass.
void DecoderTraining::scatter_stream(TrainingBuffers::Floats& values) {
  scatter(values.data(), config_.hidden_size, buffers_.output_normed.data());
  std::swap(values, buffers_.output_normed);
}

// `again`: recomputed in the backward pass, which does not need the layer's output.
void DecoderTraining::forward_layer(std::size_t l, const DropoutKey* dropout, bool again) {
  TrainingBuffers::Layer& kept = buffers_.layer(l);
  const std::int64_t c = config_.hidden_size;
  const BlockForward block(context_, config_, weights_.layers[l]);
  const std::pair<std::size_t, const DropoutKey*> at{l, dropout};
  const BlockForward::Linear apply = [this, &at](const float* x, std::span<const BlockForward::ModuleOutput> outputs,
                                                 bool accumulate) {
    std::vector<LinearOutput> layers;
    for (const auto& [module, y] : outputs) {
      const AdaptedLinear layer = linear(at.first, module, at.second);
      if (layer.norms != nullptr) {
        adapted_row_norms(context_, layer.out, layer.in, layer.weight->view, *layer.lora,
                          buffers_.layer(at.first).norms[index_of(module)]);
      }
      layers.push_back({layer, y});
    }
    linear_forward(context_, layers, x, accumulate);
  };
  BlockBuffers buffers = buffers_.block(l);
  buffers.output = is_last(l) || again ? buffers_.output.data() : buffers_.inputs.of(l + 1);
  block.project(n_rows_, buffers, rotary(l), apply);
  attention_forward(context_, {.n_tokens = n_rows_,
                               .n_heads = config_.num_attention_heads,
                               .n_kv_heads = config_.num_key_value_heads,
                               .head_dim = config_.head_dim,
                               .scale = attention_scale(config_),
                               .window = config_.window_of(static_cast<std::int64_t>(l)),
                               .softcap = static_cast<float>(config_.attention_softcap),
                               .segment_start = buffers_.segment_start.data(),
                               .q = buffers.q,
                               .k = buffers.k,
                               .v = buffers.v,
                               .out = kept.attention,
                               .logsumexp = kept.logsumexp,
                               .precision = precision_});
  if (is_last(l)) {
    gather(buffers.input, c, buffers.middle);
    gather(kept.attention, config_.q_size(), buffers_.selected_attention.data());
    if (config_.shared_norm) gather(buffers.normed, c, buffers.mlp_input);
  } else {
    context_.allocator()->copy(buffers.middle, buffers.input, size(n_rows_ * c) * sizeof(float));
  }
  block.finish(rows_of(l, Module::kO), buffers, apply);
}

// `noisy`: the batch, where its embeddings get noise, else null.
void DecoderTraining::forward(const DropoutKey* dropout, const PackedBatch* noisy) {
  CheckpointedInputs& inputs = buffers_.inputs;
  embed_tokens(context_, config_, weights_, n_rows_, buffers_.tokens.data(), buffers_.positions.data(), inputs.of(0),
               buffers_.grad_normed.data());
  if (lora_ != nullptr) update_tokens(context_, config_, *lora_);
  if (adapts_embedding()) adapt_embeddings(context_, config_, *lora_, embedded_rows(), inputs.of(0));
  if (noisy != nullptr) {
    DropoutKey key = *dropout;
    key.neftune_alpha *= config_.embedding_multiplier;  // the noise is that of the embedding before it is multiplied
    add_neftune_noise(context_, *noisy, key, config_.hidden_size, buffers_.grad_normed, inputs.of(0));
  }
  for (std::size_t l = 0; l < inputs.layers(); ++l) {
    if (dropout != nullptr) inputs.keep(l, size(n_rows_ * config_.hidden_size));
    forward_layer(l, dropout);
  }
  output_norm_forward(context_, config_, weights_.norm, n_selected_, buffers_.output.data(),
                      buffers_.output_normed.data(), buffers_.output_mean.data(), buffers_.output_rstd.data());
  if (lora_ != nullptr && lora_->head.magnitude != nullptr) {
    adapted_row_norms(context_, config_.vocab_size, config_.hidden_size, weights_.lm_head.view, lora_->head,
                      buffers_.head_norms.data());
  }
}

// From the gradient of the layer's output to that of its input, both in grad_stream. False where nothing below is
// trained, so that the gradient of the input was not computed.
bool DecoderTraining::backward_layer(std::size_t l, const DropoutKey& dropout) {
  TrainingBuffers::Layer& kept = buffers_.layer(l);
  const LayerWeights& weights = weights_.layers[l];
  const BlockBackward block(context_, config_, weights);
  const std::pair<std::size_t, const DropoutKey*> at{l, &dropout};
  const BlockBackward::Linear apply = [this, &at](std::span<const BlockBackward::ModuleGradient> outputs,
                                                  const float* x, float* grad_x, bool accumulate) {
    std::vector<LinearOutputGradient> layers;
    for (const auto& [module, grad_y] : outputs) layers.push_back({linear(at.first, module, at.second), grad_y});
    linear_backward(context_, layers, x, grad_x, accumulate);
  };
  const BlockBuffers buffers = buffers_.block(l);
  BlockGradients grad = buffers_.gradients(is_last(l));
  block.finish(rows_of(l, Module::kO), buffers, grad, apply);
  if (is_last(l)) {
    scatter(grad.attention, config_.q_size(), buffers_.grad_attention);
    scatter_stream(buffers_.grad_stream);
    if (config_.shared_norm) scatter_stream(buffers_.grad_normed);
    grad = buffers_.gradients(false);
  }
  attention_backward(context_, {.n_tokens = n_rows_,
                                .n_heads = config_.num_attention_heads,
                                .n_kv_heads = config_.num_key_value_heads,
                                .head_dim = config_.head_dim,
                                .scale = attention_scale(config_),
                                .window = config_.window_of(static_cast<std::int64_t>(l)),
                                .softcap = static_cast<float>(config_.attention_softcap),
                                .segment_start = buffers_.segment_start.data(),
                                .q = buffers.q,
                                .k = buffers.k,
                                .v = buffers.v,
                                .out = kept.attention,
                                .logsumexp = kept.logsumexp,
                                .grad_out = grad.attention,
                                .grad_q = grad.q,
                                .grad_k = grad.k,
                                .grad_v = grad.v,
                                .precision = precision_});
  const bool to_input = l > 0 || weights.input_norm.grad != nullptr || weights.input_norm.grad_bias != nullptr ||
                        weights_.embed_tokens.grad != nullptr || weights_.positions.grad != nullptr ||
                        adapts_embedding();
  block.project(n_rows_, buffers, grad, rotary(l), to_input, apply);
  return to_input;
}

void DecoderTraining::backward(const DropoutKey& dropout, const std::function<void(std::int64_t layer)>& layer_done) {
  output_norm_backward(context_, config_, weights_.norm, n_selected_, buffers_.grad_normed.data(),
                       buffers_.output.data(), buffers_.output_mean.data(), buffers_.output_rstd.data(),
                       buffers_.grad_stream.data());
  for (std::size_t l = buffers_.inputs.layers(); l-- > 0;) {
    buffers_.inputs.fetch(l, size(n_rows_ * config_.hidden_size));
    // The shared activations still hold the last layer's.
    if (buffers_.recomputes() && !is_last(l)) forward_layer(l, &dropout, true);
    const bool to_input = backward_layer(l, dropout);
    if (layer_done) layer_done(static_cast<std::int64_t>(l));
    if (!to_input) return;
  }
  backward_embeddings();
}

void DecoderTraining::backward_embeddings() {
  const auto add_rows = [&](const WeightRef& table, std::int64_t rows, const std::int32_t* ids) {
    if (table.grad == nullptr) return;
    embedding_backward(context_, {.n_tokens = n_rows_,
                                  .vocab = rows,
                                  .width = config_.hidden_size,
                                  .ids = ids,
                                  .grad_y = buffers_.grad_stream.data(),
                                  .grad_table = table.grad});
  };
  if (adapts_embedding())
    adapt_embeddings_backward(context_, config_, *lora_, embedded_rows(), buffers_.grad_stream.data());
  add_rows(weights_.positions, config_.max_position_embeddings, buffers_.positions.data());
  if (config_.embedding_multiplier != 1) {
    float* grad = buffers_.grad_stream.data();
    scale_rows(context_, config_, n_rows_, config_.embedding_multiplier, grad, grad);
  }
  add_rows(weights_.embed_tokens, config_.vocab_size, buffers_.tokens.data());
}

CrossEntropySums DecoderTraining::evaluate(const PackedBatch& batch) {
  upload(batch, false);
  forward(nullptr, nullptr);
  return head_.run({.n_rows = n_selected_,
                    .x = buffers_.output_normed.data(),
                    .targets = buffers_.selected_targets.data(),
                    .logits = buffers_.logits,
                    .adapter = head_adapter(nullptr)},
                   buffers_.sums);
}

CrossEntropySums DecoderTraining::forward_backward(const PackedBatch& batch, float grad_scale,
                                                   const DropoutKey& dropout,
                                                   const std::function<void(std::int64_t layer)>& layer_done) {
  upload(batch, false);
  forward(&dropout, dropout.neftune_alpha > 0 ? &batch : nullptr);
  const CrossEntropySums sums = head_.run({.n_rows = n_selected_,
                                           .x = buffers_.output_normed.data(),
                                           .targets = buffers_.selected_targets.data(),
                                           .logits = buffers_.logits,
                                           .grad_x = buffers_.grad_normed.data(),
                                           .grad_scale = grad_scale,
                                           .adapter = head_adapter(&dropout)},
                                          buffers_.sums);
  backward(dropout, layer_done);
  return sums;
}

std::vector<float> DecoderTraining::logits(const PackedBatch& batch) {
  upload(batch, true);
  forward(nullptr, nullptr);
  const std::int64_t c = config_.hidden_size, vocab = config_.vocab_size;
  std::vector<float> all(size(n_rows_ * vocab));
  for (std::int64_t first = 0; first < n_rows_; first += HeadLoss::kChunkRows) {
    const std::int64_t n = std::min(n_rows_ - first, HeadLoss::kChunkRows);
    head_.logits(n, buffers_.output_normed.data() + first * c, head_adapter(nullptr), buffers_.logits);
    buffers_.shared.download(std::span(all).subspan(size(first * vocab), size(n * vocab)));
  }
  return all;
}

}  // namespace matinee
