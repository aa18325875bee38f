#include "lib/model/decoder_step.h"

#include <algorithm>

#include "kernels/ops.h"
#include "lib/model/adapted_linear.h"
#include "lib/model/head_loss.h"

namespace matinee {
namespace {

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

KvCache::KvCache(const Context& context, const ModelConfig& config, std::int64_t max_tokens) {
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    for (auto* values : {&k, &v})
      values->push_back(DeviceBuffer<float>::unset(context.allocator(), size(max_tokens * config.kv_size())));
  }
}

std::uint64_t KvCache::bytes_of(const ModelConfig& config, std::int64_t max_tokens) {
  return sizeof(float) * static_cast<std::uint64_t>(2 * config.num_hidden_layers * max_tokens * config.kv_size());
}

DecoderStep::DecoderStep(Context& context, const ModelConfig& config, const ModelWeights& weights, const Limits& limits,
                         MatmulPrecision precision, const LoraWeights* lora)
    : context_(context), config_(config), weights_(weights), limits_(limits), precision_(precision), lora_(lora) {
  require_head_dim(context, config);
  const auto buffer = [&](Floats& values, std::int64_t width) {
    values = {context.allocator(), size(limits.rows * width)};
  };
  for (auto* values : {&stream_, &normed_}) buffer(*values, config.hidden_size);
  for (auto* values : {&q_, &attention_}) buffer(*values, config.q_size());
  for (auto* values : {&k_, &v_}) buffer(*values, config.kv_size());
  buffer(up_, config.intermediate_size);
  if (config.gated_mlp) buffer(gate_, config.intermediate_size);
  prepare_adapter();
  logits_ = {context.allocator(), size(limits.sequences * config.vocab_size)};
  if (limits.sequences > 1) last_ = {context.allocator(), size(limits.sequences * config.hidden_size)};
  tokens_ = {context.allocator(), size(2 * limits.rows)};
  rotary_ = {context.allocator(), config, limits.max_tokens};
}

std::uint64_t DecoderStep::bytes_of(const ModelConfig& config, const Limits& limits) {
  const std::int64_t row = config.hidden_size + config.q_size() + config.kv_size() + config.intermediate_size;
  const std::int64_t floats = 2 * limits.rows * (row + 1) + limits.sequences * (config.vocab_size + config.hidden_size);
  return sizeof(float) * static_cast<std::uint64_t>(floats);
}

// Buffers that any adapted layer needs, and DoRA's row norms, which depend on the weights only.
void DecoderStep::prepare_adapter() {
  if (lora_ == nullptr) return;
  norms_.resize(weights_.layers.size());
  std::int64_t rank = 0, width = 0;
  for (std::size_t l = 0; l < norms_.size(); ++l) {
    for (std::size_t m = 0; m < kModules; ++m) {
      const LoraFactors& factors = lora_->layers[l][m];
      if (factors.lora_A == nullptr) continue;
      const auto [out, in] = module_shape(config_, static_cast<Module>(m));
      rank = std::max(rank, factors.rank);
      if (factors.magnitude == nullptr) continue;
      width = std::max(width, out);
      norms_[l][m] = {context_.allocator(), size(out)};
      adapted_row_norms(context_, out, in, weights_.layers[l].modules[m].view, factors, norms_[l][m].data());
    }
  }
  xa_ = {context_.allocator(), kMaxLoraParts * size(limits_.rows * rank)};
  unscaled_ = {context_.allocator(), size(limits_.rows * width)};
}

void DecoderStep::load(std::span<const std::int32_t> positions, std::span<const std::int32_t> tokens) {
  host_tokens_.assign(positions.begin(), positions.end());
  host_tokens_.insert(host_tokens_.end(), tokens.begin(), tokens.end());
  tokens_.upload(host_tokens_);
}

BlockForward::Linear DecoderStep::linear_of(std::size_t layer, std::int64_t n_rows) {
  return [this, layer, n_rows](const float* x, std::span<const BlockForward::ModuleOutput> outputs, bool accumulate) {
    std::vector<LinearOutput> layers;
    for (const auto& [module, y] : outputs) {
      const auto [out, in] = module_shape(config_, module);
      const std::size_t m = index_of(module);
      AdaptedLinear adapted{.n_rows = n_rows,
                            .in = in,
                            .out = out,
                            .weight = &weights_.layers[layer].modules[m],
                            .precision = precision_};
      if (lora_ != nullptr && lora_->layers[layer][m].lora_A != nullptr) {
        adapted.lora = &lora_->layers[layer][m];
        adapted.xa = xa_.data() + layers.size() * (xa_.size() / kMaxLoraParts);
        adapted.unscaled = unscaled_.data();
        adapted.norms = norms_[layer][m].data();
      }
      layers.push_back({adapted, y});
    }
    linear_forward(context_, layers, x, accumulate);
  };
}

void DecoderStep::issue_attention(std::size_t layer, std::span<const StepPart> parts, const std::int32_t* positions) {
  CachedAttentionArgs args;
  std::int64_t row = 0;
  for (const StepPart& part : parts) {
    args.sequences.push_back({.n_queries = part.n_tokens,
                              .n_heads = config_.num_attention_heads,
                              .n_kv_heads = config_.num_key_value_heads,
                              .head_dim = config_.head_dim,
                              .max_tokens = part.max_tokens,
                              .first_position = positions + row,
                              .scale = attention_scale(config_),
                              .window = config_.window_of(static_cast<std::int64_t>(layer)),
                              .softcap = static_cast<float>(config_.attention_softcap),
                              .q = q_.data() + row * config_.q_size(),
                              .k = k_.data() + row * config_.kv_size(),
                              .v = v_.data() + row * config_.kv_size(),
                              .k_cache = part.cache->k[layer].data(),
                              .v_cache = part.cache->v[layer].data(),
                              .out = attention_.data() + row * config_.q_size(),
                              .precision = precision_});
    row += part.n_tokens;
  }
  attention_cached(context_, args);
}

void DecoderStep::issue(std::span<const StepPart> parts) {
  std::int64_t n = 0;
  for (const StepPart& part : parts) n += part.n_tokens;
  const std::int32_t *positions = tokens_.data(), *tokens = positions + n;
  embed_tokens(context_, config_, weights_, n, tokens, positions, stream_.data(), normed_.data());
  for (std::size_t l = 0; l < weights_.layers.size(); ++l) {
    const BlockForward block(context_, config_, weights_.layers[l]);
    const BlockForward::Linear linear = linear_of(l, n);
    // The residual stream is updated in place, and only keys and values are kept. The attention's output needs a buffer
    // of its own, since the MLP of a parallel block reads the attention's input too.
    const BlockBuffers buffers{.input = stream_.data(),
                               .normed = normed_.data(),
                               .q = q_.data(),
                               .k = k_.data(),
                               .v = v_.data(),
                               .attention = attention_.data(),
                               .middle = stream_.data(),
                               .mlp_input = config_.pre_norms ? normed_.data() : stream_.data(),
                               .gate = gate_.data(),
                               .up = up_.data(),
                               .gated = up_.data(),
                               .output = stream_.data(),
                               .attention_output = normed_.data(),
                               .mlp_output = normed_.data(),
                               .branch = normed_.data()};
    block.project(n, buffers, rotary_.of(config_, static_cast<std::int64_t>(l), positions), linear);
    issue_attention(l, parts, positions);
    block.finish(n, buffers, linear);
  }
  issue_head(parts);
}

void DecoderStep::issue_head(std::span<const StepPart> parts) {
  const std::int64_t c = config_.hidden_size;
  const float* last = nullptr;
  std::int64_t row = 0, wanted = 0;
  for (const StepPart& part : parts) {
    row += part.n_tokens;
    if (!part.wants_logits) continue;
    last = stream_.data() + (row - 1) * c;
    if (limits_.sequences > 1) context_.allocator()->copy(last_.data() + wanted * c, last, size(c) * sizeof(float));
    ++wanted;
  }
  if (wanted == 0) return;
  output_norm_forward(context_, config_, weights_.norm, wanted, limits_.sequences > 1 ? last_.data() : last,
                      normed_.data(), nullptr, nullptr);
  matmul_forward(context_, {.n_rows = wanted,
                            .in = c,
                            .out = config_.vocab_size,
                            .x = normed_.data(),
                            .weight = weights_.lm_head.view,
                            .bias = weights_.lm_head.bias,
                            .y = logits_.data(),
                            .precision = precision_});
  cap_logits(context_, config_, wanted, logits_.data());
}

}  // namespace matinee
