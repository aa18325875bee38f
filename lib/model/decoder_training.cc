#include "lib/model/decoder_training.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "kernels/ops.h"
#include "lib/base/error.h"
#include "lib/base/random.h"

namespace matinee {
namespace {

// Rows of logits that are whole at a time.
constexpr std::int64_t kHeadRows = 512;

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

// Floats per token that one layer keeps for its adapter.
std::int64_t adapter_floats(const ModelConfig& config, const LoraConfig* lora, std::int64_t layer) {
  if (lora == nullptr) return 0;
  std::int64_t floats = 0;
  for (const LinearLayer& linear : linear_layers(config, layer)) {
    if (lora->targets(linear)) floats += linear.n_modules * lora->rank_of(linear) + (lora->use_dora ? linear.out : 0);
  }
  return floats;
}

// Floats per token that one layer keeps for its backward pass, besides its input.
std::int64_t kept_floats(const ModelConfig& config) {
  const std::int64_t c = config.hidden_size, q = config.q_size(), kv = config.kv_size();
  const std::int64_t means = config.norm == NormKind::kLayer ? 2 : 0;
  const std::int64_t heads = config.num_attention_heads + config.num_key_value_heads;
  return 3 * c + 2 + means + 2 * q + 2 * kv + (config.gated_mlp ? 3 : 2) * config.intermediate_size +
         config.num_attention_heads + (config.qk_norm ? q + kv + heads : 0);
}

// So that each part of a buffer begins where a GPU likes it.
std::int64_t aligned(std::int64_t floats) { return (floats + 63) / 64 * 64; }

std::int64_t floats_of_turns(const ModelConfig& config, std::int64_t max_tokens) {
  return std::max({aligned(kHeadRows * config.vocab_size), aligned(max_tokens * config.intermediate_size),
                   2 * aligned(max_tokens * config.q_size()) + 2 * aligned(max_tokens * config.kv_size())});
}

}  // namespace

DecoderTraining::DecoderTraining(Context& context, const ModelConfig& config, const WeightSlots& weights,
                                 const LoraSlots* lora, std::int64_t max_tokens, MatmulPrecision precision,
                                 bool recompute)
    : context_(context),
      config_(config),
      weights_(weights),
      lora_(lora),
      max_tokens_(max_tokens),
      precision_(precision) {
  require_head_dim(context, config);
  const std::int64_t c = config.hidden_size;
  const auto buffer = [&](Floats& values, std::int64_t width) { allocate(values, width); };
  inputs_ = {context.allocator(), size(config.num_hidden_layers), size(max_tokens * c), recompute};
  layers_.resize(recompute ? 1 : inputs_.layers());
  for (std::size_t l = 0; l < layers_.size(); ++l)
    allocate(layers_[l], !config.parallel_block || recompute || is_last(l));
  // One for all layers has room for whatever any of them needs; in a set of adapters ranks may differ.
  for (std::size_t l = 0; l < inputs_.layers() && lora != nullptr; ++l) {
    for (int m = 0; m < kModules; ++m) {
      const LoraSlot& slot = lora->layers[l][size(m)];
      if (slot.lora_A == nullptr) continue;
      const std::int64_t out = module_shape(config, static_cast<Module>(m))[0];
      LayerActivations& layer = kept(l);
      if (layer.xa[size(m)].size() < size(max_tokens * slot.rank)) buffer(layer.xa[size(m)], slot.rank);
      if (slot.magnitude == nullptr) continue;
      buffer(layer.unscaled[size(m)], out);
      layer.norms[size(m)] = {context.allocator(), size(out)};
    }
  }
  for (auto* values : {&output_, &output_normed_, &grad_stream_, &grad_normed_}) buffer(*values, c);
  for (auto* values : {&output_mean_, &output_rstd_}) buffer(*values, 1);
  buffer(selected_attention_, config.q_size());
  allocate_turns();
  for (auto* values : {&tokens_, &positions_, &segment_start_, &selected_, &selected_targets_})
    *values = {context.allocator(), size(max_tokens)};
  sums_ = {context.allocator(), 1};
  rotary_ = {context.allocator(), config, std::min(max_tokens, config.max_position_embeddings)};
}

void DecoderTraining::allocate(Floats& values, std::int64_t width) const {
  values = {context_.allocator(), size(max_tokens_ * width)};
}

void DecoderTraining::allocate_turns() {
  turns_ = {context_.allocator(), size(floats_of_turns(config_, max_tokens_))};
  const auto part = [this](std::int64_t floats, std::span<float> behind = {}) {
    float* start = behind.empty() ? turns_.data() : behind.data() + behind.size();
    return std::span(start, size(aligned(floats)));
  };
  logits_ = part(kHeadRows * config_.vocab_size);
  grad_gated_ = part(max_tokens_ * config_.intermediate_size);
  grad_attention_ = part(max_tokens_ * config_.q_size());
  grad_q_ = part(max_tokens_ * config_.q_size(), grad_attention_);
  grad_k_ = part(max_tokens_ * config_.kv_size(), grad_q_);
  grad_v_ = part(max_tokens_ * config_.kv_size(), grad_k_);
}

void DecoderTraining::allocate(LayerActivations& layer, bool whole_mlp_input) const {
  const auto buffer = [&](Floats& values, std::int64_t width) { allocate(values, width); };
  const std::int64_t q = config_.q_size(), kv = config_.kv_size();
  for (auto* values : {&layer.normed, &layer.middle}) buffer(*values, config_.hidden_size);
  if (whole_mlp_input) buffer(layer.middle_normed, config_.hidden_size);
  for (auto* values : {&layer.rstd, &layer.middle_rstd}) buffer(*values, 1);
  if (config_.norm == NormKind::kLayer) {
    for (auto* values : {&layer.mean, &layer.middle_mean}) buffer(*values, 1);
  }
  for (auto* values : {&layer.q, &layer.attention}) buffer(*values, q);
  for (auto* values : {&layer.k, &layer.v}) buffer(*values, kv);
  if (config_.qk_norm) {
    buffer(layer.q_raw, q);
    buffer(layer.k_raw, kv);
    buffer(layer.q_rstd, config_.num_attention_heads);
    buffer(layer.k_rstd, config_.num_key_value_heads);
  }
  for (auto* values : {&layer.up, &layer.gated}) buffer(*values, config_.intermediate_size);
  if (config_.gated_mlp) buffer(layer.gate, config_.intermediate_size);
  buffer(layer.logsumexp, config_.num_attention_heads);
}

std::uint64_t DecoderTraining::activation_bytes(const ModelConfig& config, const LoraConfig* lora,
                                                std::int64_t max_tokens, bool recompute, bool on_device) {
  const std::int64_t c = config.hidden_size, layers = config.num_hidden_layers;
  std::int64_t kept = (recompute ? 1 : layers) * kept_floats(config), adapters = 0;
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const std::int64_t floats = adapter_floats(config, lora, layer);
    adapters = recompute ? std::max(adapters, floats) : adapters + floats;
  }
  const std::int64_t integers = 5;
  kept += CheckpointedInputs::on_device(layers, recompute && on_device) * c + adapters + 4 * c + 2 + config.q_size() +
          integers;
  return static_cast<std::uint64_t>(4 * (max_tokens * kept + floats_of_turns(config, max_tokens))) +
         RotaryTables::bytes_of(config, std::min(max_tokens, config.max_position_embeddings));
}

std::uint64_t DecoderTraining::waiting_bytes(const ModelConfig& config, std::int64_t max_tokens) {
  return static_cast<std::uint64_t>(CheckpointedInputs::on_host(config.num_hidden_layers, true) * max_tokens *
                                    config.hidden_size) *
         sizeof(float);
}

std::uint64_t lora_dropout_key(const DropoutKey& dropout, std::int64_t layer, Module module) {
  const std::uint64_t words[4] = {dropout.seed, static_cast<std::uint64_t>(dropout.step),
                                  static_cast<std::uint64_t>(layer), static_cast<std::uint64_t>(module)};
  return hash64({reinterpret_cast<const char*>(words), sizeof words}, hash64("dropout"));
}

// Rows that pass a linear layer.
std::int64_t DecoderTraining::rows_of(std::size_t layer, Module module) const {
  return is_last(layer) && module >= Module::kO ? n_selected_ : n_rows_;
}

LoraDropout DecoderTraining::lora_dropout(std::size_t layer, Module module, const LoraSlot& slot,
                                          const DropoutKey* dropout) const {
  if (dropout == nullptr) return {};
  const bool selected = is_last(layer) && module >= Module::kO;
  return {lora_->drop_probability, lora_dropout_key(*dropout, static_cast<std::int64_t>(layer), slot.mask),
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
  linear.lora = &lora_->layers[layer][m];
  linear.dropout = lora_dropout(layer, module, *linear.lora, dropout);
  linear.xa = kept(layer).xa[m].data();
  if (linear.lora->magnitude == nullptr) return linear;
  linear.unscaled = kept(layer).unscaled[m].data();
  linear.norms = kept(layer).norms[m].data();
  return linear;
}

void DecoderTraining::backward_linear(std::size_t layer, std::span<const ModuleGradient> outputs, const float* x,
                                      float* grad_x, bool accumulate, const DropoutKey& dropout) {
  std::vector<LinearOutputGradient> layers;
  for (const auto& [module, grad_y] : outputs) layers.push_back({linear(layer, module, &dropout), grad_y});
  linear_backward(context_, layers, x, grad_x, accumulate);
}

float* DecoderTraining::mlp_input(std::size_t layer) {
  return config_.parallel_block && !is_last(layer) ? kept(layer).normed.data() : kept(layer).middle_normed.data();
}

// To the device, with the rows that the loss counts, or all.
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
  tokens_.upload(batch.tokens);
  positions_.upload(batch.positions);
  segment_start_.upload(batch.segment_start);
  selected_.upload(rows);
  selected_targets_.upload(targets);
}

void DecoderTraining::gather(const float* all, std::int64_t width, Floats& selected) {
  gather_rows(context_, {.n_rows = n_selected_,
                         .n_all = n_rows_,
                         .width = width,
                         .rows = selected_.data(),
                         .x = all,
                         .y = selected.data()});
}

// The reverse; the other rows become zero.
void DecoderTraining::scatter(const float* selected, std::int64_t width, float* all) {
  scatter_rows(
      context_,
      {.n_rows = n_selected_, .n_all = n_rows_, .width = width, .rows = selected_.data(), .x = selected, .y = all});
}

// The same in the place of `values`, as wide as the stream: behind the head nobody reads output_normed_ any more.
void DecoderTraining::scatter_stream(Floats& values) {
  scatter(values.data(), config_.hidden_size, output_normed_.data());
  std::swap(values, output_normed_);
}

void DecoderTraining::add_noise(const PackedBatch& batch, const DropoutKey& key) {
  const std::uint64_t words[2] = {key.seed, static_cast<std::uint64_t>(key.step)};
  const std::uint64_t seed = hash64({reinterpret_cast<const char*>(words), sizeof words});
  const std::int64_t c = config_.hidden_size;
  std::int64_t end = 0;
  // Some rows at a time: each upload has a cost of its own.
  const std::int64_t rows_of_piece = std::max<std::int64_t>(1, static_cast<std::int64_t>(kDevicePiece) / c);
  std::vector<float> noise;
  for (std::int64_t row = 0; row < n_rows_; ++row) {
    const std::int32_t start = batch.segment_start[size(row)];
    if (row == start) {
      for (end = row + 1; end < n_rows_ && batch.segment_start[size(end)] == start;) ++end;
    }
    const double bound = key.neftune_alpha / std::sqrt(static_cast<double>((end - start) * c));
    Random random(seed, "neftune", static_cast<std::uint64_t>(key.first_row + row));
    for (std::int64_t i = 0; i < c; ++i) noise.push_back(static_cast<float>((2 * random.uniform() - 1) * bound));
    if ((row + 1) % rows_of_piece > 0 && row + 1 < n_rows_) continue;
    grad_normed_.upload(noise, size((row + 1) * c) - noise.size());  // nobody's before the backward pass
    noise.clear();
  }
  add_inplace(context_, {.n = n_rows_ * c, .x = grad_normed_.data(), .y = inputs_.of(0)});
}

// `again`: in the backward pass, where nobody wants the layer's output.
void DecoderTraining::forward_layer(std::size_t l, const DropoutKey* dropout, bool again) {
  LayerActivations& a = kept(l);
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
                          kept(at.first).norms[index_of(module)].data());
      }
      layers.push_back({layer, y});
    }
    linear_forward(context_, layers, x, accumulate);
  };
  BlockBuffers buffers{.input = inputs_.of(l),
                       .normed = a.normed.data(),
                       .mean = a.mean.data(),
                       .rstd = a.rstd.data(),
                       .q = a.q.data(),
                       .k = a.k.data(),
                       .v = a.v.data(),
                       .q_raw = config_.qk_norm ? a.q_raw.data() : nullptr,
                       .k_raw = config_.qk_norm ? a.k_raw.data() : nullptr,
                       .q_rstd = a.q_rstd.data(),
                       .k_rstd = a.k_rstd.data(),
                       .attention = a.attention.data(),
                       .middle = a.middle.data(),
                       .mlp_input = mlp_input(l),
                       .middle_mean = a.middle_mean.data(),
                       .middle_rstd = a.middle_rstd.data(),
                       .gate = a.gate.data(),
                       .up = a.up.data(),
                       .gated = a.gated.data(),
                       .output = is_last(l) || again ? output_.data() : inputs_.of(l + 1)};
  block.project(n_rows_, buffers, rotary(), apply);
  attention_forward(context_, {.n_tokens = n_rows_,
                               .n_heads = config_.num_attention_heads,
                               .n_kv_heads = config_.num_key_value_heads,
                               .head_dim = config_.head_dim,
                               .scale = attention_scale(config_),
                               .window = config_.window_of(static_cast<std::int64_t>(l)),
                               .segment_start = segment_start_.data(),
                               .q = a.q.data(),
                               .k = a.k.data(),
                               .v = a.v.data(),
                               .out = a.attention.data(),
                               .logsumexp = a.logsumexp.data(),
                               .precision = precision_});
  if (is_last(l)) {
    gather(inputs_.of(l), c, a.middle);
    gather(a.attention.data(), config_.q_size(), selected_attention_);
    if (config_.parallel_block) gather(a.normed.data(), c, a.middle_normed);
    buffers.attention = selected_attention_.data();
  } else {
    context_.allocator()->copy(a.middle.data(), inputs_.of(l), size(n_rows_ * c) * sizeof(float));
  }
  block.finish(rows_of(l, Module::kO), buffers, apply);
}

// `noisy` has the samples where their embeddings get noise, else it is null.
void DecoderTraining::forward(const DropoutKey* dropout, const PackedBatch* noisy) {
  embed_tokens(context_, config_, weights_, n_rows_, tokens_.data(), positions_.data(), inputs_.of(0),
               layers_.front().normed.data());
  if (noisy != nullptr) add_noise(*noisy, *dropout);
  for (std::size_t l = 0; l < inputs_.layers(); ++l) {
    if (dropout != nullptr) inputs_.keep(l, size(n_rows_ * config_.hidden_size));
    forward_layer(l, dropout);
  }
  norm_forward(context_, config_, weights_.norm, n_selected_, output_.data(), output_normed_.data(),
               output_mean_.data(), output_rstd_.data());
}

// logits_ of the selected rows [first, first + n).
void DecoderTraining::head_logits(std::int64_t first, std::int64_t n) {
  matmul_forward(context_, {.n_rows = n,
                            .in = config_.hidden_size,
                            .out = config_.vocab_size,
                            .x = output_normed_.data() + first * config_.hidden_size,
                            .weight = weights_.lm_head.view,
                            .bias = weights_.lm_head.bias,
                            .y = logits_.data(),
                            .precision = precision_});
}

// Loss over the selected rows, in chunks, so that logits are never whole in memory. With a gradient, grad_normed_
// becomes the gradient of the normed output.
CrossEntropySums DecoderTraining::head(bool with_gradient, float grad_scale) {
  const std::int64_t c = config_.hidden_size, vocab = config_.vocab_size;
  sums_.zero();
  for (std::int64_t first = 0; first < n_selected_; first += kHeadRows) {
    const std::int64_t n = std::min(n_selected_ - first, kHeadRows);
    head_logits(first, n);
    cross_entropy(context_, {.n_rows = n,
                             .vocab = vocab,
                             .logits = logits_.data(),
                             .targets = selected_targets_.data() + first,
                             .with_gradient = with_gradient,
                             .grad_scale = grad_scale,
                             .sums = sums_.data()});
    if (!with_gradient) continue;
    matmul_backward_input(context_, {.n_rows = n,
                                     .in = c,
                                     .out = vocab,
                                     .grad_y = logits_.data(),
                                     .weight = weights_.lm_head.view,
                                     .grad_x = grad_normed_.data() + first * c,
                                     .precision = precision_});
    const WeightSlot& slot = weights_.lm_head;
    if (slot.grad == nullptr && slot.grad_bias == nullptr) continue;
    matmul_backward_weight(context_, {.n_rows = n,
                                      .in = slot.grad != nullptr ? c : 0,
                                      .out = vocab,
                                      .grad_y = logits_.data(),
                                      .x = output_normed_.data() + first * c,
                                      .grad_weight = slot.grad,
                                      .grad_bias = slot.grad_bias,
                                      .precision = precision_});
  }
  return sums_.values().front();
}

// From the gradient of the block's output, grad_stream_, to that of the MLP's input, grad_normed_; in a block one after
// the other also through the second norm back into the stream. The gradients of gate and up take their places.
void DecoderTraining::backward_mlp(std::size_t l, const DropoutKey& dropout) {
  LayerActivations& a = kept(l);
  const std::int64_t n_rows = rows_of(l, Module::kO);
  const bool gated = config_.gated_mlp;
  backward_linear(l, std::array{ModuleGradient{Module::kDown, grad_stream_.data()}}, a.gated.data(), grad_gated_.data(),
                  false, dropout);
  activation_backward(context_, {.n = n_rows * config_.intermediate_size,
                                 .activation = config_.activation,
                                 .grad_y = grad_gated_.data(),
                                 .x = gated ? a.gate.data() : a.up.data(),
                                 .up = gated ? a.up.data() : nullptr,
                                 .grad_x = gated ? a.gate.data() : a.up.data(),
                                 .grad_up = gated ? a.up.data() : nullptr});
  const std::array<ModuleGradient, 2> gate_and_up{{{Module::kGate, a.gate.data()}, {Module::kUp, a.up.data()}}};
  backward_linear(l, std::span(gate_and_up).subspan(gated ? 0 : 1), mlp_input(l), grad_normed_.data(), false, dropout);
  if (config_.parallel_block) return;
  norm_backward(context_, config_, weights_.layers[l].post_attention_norm, n_rows, grad_normed_.data(), a.middle.data(),
                a.middle_mean.data(), a.middle_rstd.data(), grad_stream_.data(), true);
}

void DecoderTraining::head_norms_backward(const NormSlot& slot, std::int64_t heads, const float* raw, const float* rstd,
                                          float* grad) {
  rms_norm_backward(context_, {.n_rows = n_rows_ * heads,
                               .width = config_.head_dim,
                               .grad_y = grad,
                               .x = raw,
                               .weight = slot.value,
                               .rstd = rstd,
                               .grad_x = grad,
                               .grad_weight = slot.grad});
}

// The rest of the block. False where nothing below learns, so that grad_stream_ was not brought that far.
bool DecoderTraining::backward_attention(std::size_t l, const DropoutKey& dropout) {
  LayerActivations& a = kept(l);
  const LayerSlots& w = weights_.layers[l];
  const std::array output{ModuleGradient{Module::kO, grad_stream_.data()}};
  if (is_last(l)) {
    // grad_q_ is written further down only.
    backward_linear(l, output, selected_attention_.data(), grad_q_.data(), false, dropout);
    scatter(grad_q_.data(), config_.q_size(), grad_attention_.data());
    scatter_stream(grad_stream_);
    if (config_.parallel_block) scatter_stream(grad_normed_);
  } else {
    backward_linear(l, output, a.attention.data(), grad_attention_.data(), false, dropout);
  }
  attention_backward(context_, {.n_tokens = n_rows_,
                                .n_heads = config_.num_attention_heads,
                                .n_kv_heads = config_.num_key_value_heads,
                                .head_dim = config_.head_dim,
                                .scale = attention_scale(config_),
                                .window = config_.window_of(static_cast<std::int64_t>(l)),
                                .segment_start = segment_start_.data(),
                                .q = a.q.data(),
                                .k = a.k.data(),
                                .v = a.v.data(),
                                .out = a.attention.data(),
                                .logsumexp = a.logsumexp.data(),
                                .grad_out = grad_attention_.data(),
                                .grad_q = grad_q_.data(),
                                .grad_k = grad_k_.data(),
                                .grad_v = grad_v_.data(),
                                .precision = precision_});
  rotate_heads(context_, config_, rotary(), n_rows_, config_.num_attention_heads, grad_q_.data(), true);
  rotate_heads(context_, config_, rotary(), n_rows_, config_.num_key_value_heads, grad_k_.data(), true);
  if (config_.qk_norm) {
    head_norms_backward(w.q_norm, config_.num_attention_heads, a.q_raw.data(), a.q_rstd.data(), grad_q_.data());
    head_norms_backward(w.k_norm, config_.num_key_value_heads, a.k_raw.data(), a.k_rstd.data(), grad_k_.data());
  }
  const bool onwards = l > 0 || w.input_norm.grad != nullptr || w.input_norm.grad_bias != nullptr ||
                       weights_.embed_tokens.grad != nullptr || weights_.positions.grad != nullptr;
  float* grad_x = onwards ? grad_normed_.data() : nullptr;
  const std::array<ModuleGradient, 3> projected{
      {{Module::kQ, grad_q_.data()}, {Module::kK, grad_k_.data()}, {Module::kV, grad_v_.data()}}};
  backward_linear(l, projected, a.normed.data(), grad_x, config_.parallel_block, dropout);
  if (!onwards) return false;
  norm_backward(context_, config_, w.input_norm, n_rows_, grad_normed_.data(), inputs_.of(l), a.mean.data(),
                a.rstd.data(), grad_stream_.data(), true);
  return true;
}

void DecoderTraining::backward(const DropoutKey& dropout, const std::function<void(std::int64_t layer)>& layer_done) {
  const std::int64_t c = config_.hidden_size;
  norm_backward(context_, config_, weights_.norm, n_selected_, grad_normed_.data(), output_.data(), output_mean_.data(),
                output_rstd_.data(), grad_stream_.data(), false);
  for (std::size_t l = inputs_.layers(); l-- > 0;) {
    inputs_.fetch(l, size(n_rows_ * c));
    // What the last layer kept is still there.
    if (layers_.size() < inputs_.layers() && !is_last(l)) forward_layer(l, &dropout, true);
    backward_mlp(l, dropout);
    const bool onwards = backward_attention(l, dropout);
    if (layer_done) layer_done(static_cast<std::int64_t>(l));
    if (!onwards) return;
  }
  const auto add_rows = [&](const WeightSlot& slot, std::int64_t rows, const std::int32_t* ids) {
    if (slot.grad == nullptr) return;
    embedding_backward(context_, {.n_tokens = n_rows_,
                                  .vocab = rows,
                                  .width = c,
                                  .ids = ids,
                                  .grad_y = grad_stream_.data(),
                                  .grad_table = slot.grad});
  };
  add_rows(weights_.embed_tokens, config_.vocab_size, tokens_.data());
  add_rows(weights_.positions, config_.max_position_embeddings, positions_.data());
}

CrossEntropySums DecoderTraining::evaluate(const PackedBatch& batch) {
  upload(batch, false);
  forward(nullptr, nullptr);
  return head(false, 1);
}

CrossEntropySums DecoderTraining::forward_backward(const PackedBatch& batch, float grad_scale,
                                                   const DropoutKey& dropout,
                                                   const std::function<void(std::int64_t layer)>& layer_done) {
  upload(batch, false);
  forward(&dropout, dropout.neftune_alpha > 0 ? &batch : nullptr);
  const CrossEntropySums sums = head(true, grad_scale);
  backward(dropout, layer_done);
  return sums;
}

std::vector<float> DecoderTraining::logits(const PackedBatch& batch) {
  upload(batch, true);
  forward(nullptr, nullptr);
  std::vector<float> all(size(n_rows_ * config_.vocab_size));
  for (std::int64_t first = 0; first < n_rows_; first += kHeadRows) {
    const std::int64_t n = std::min(n_rows_ - first, kHeadRows);
    head_logits(first, n);
    turns_.download(std::span(all).subspan(size(first * config_.vocab_size), size(n * config_.vocab_size)));
  }
  return all;
}

}  // namespace matinee
