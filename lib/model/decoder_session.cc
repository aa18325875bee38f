#include "lib/model/decoder_session.h"

#include <algorithm>
#include <cmath>

#include "kernels/ops.h"
#include "lib/base/format_error.h"
#include "lib/model/rotary_tables.h"

namespace matinee {
namespace {

// A longer prompt goes through in pieces of this many tokens, which bounds the buffers.
constexpr std::int64_t kChunk = 256;

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

DecoderSession::DecoderSession(Context& context, const ModelConfig& config, const WeightSlots& weights,
                               std::int64_t max_tokens, Product product, const LoraSlots* lora)
    : context_(context), config_(config), weights_(weights), max_tokens_(max_tokens), product_(product), lora_(lora) {
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    k_cache_.emplace_back(size(max_tokens * config.kv_size()));
    v_cache_.emplace_back(size(max_tokens * config.kv_size()));
  }
  stream_.resize(size(kChunk * config.hidden_size));
  normed_.resize(stream_.size());
  q_.resize(size(kChunk * config.q_size()));
  attention_.resize(q_.size());
  gate_.resize(size(kChunk * config.intermediate_size));
  up_.resize(gate_.size());
  if (lora != nullptr) xa_.resize(size(kChunk * lora->rank));
  logits_.resize(size(config.vocab_size));
  positions_.resize(size(kChunk));
  make_rotary_tables(config, max_tokens, cosines_, sines_);
}

std::span<const float> DecoderSession::append(std::span<const std::int32_t> tokens) {
  if (tokens.empty()) contract_violation("DecoderSession::append", "there must be a token");
  if (length() + static_cast<std::int64_t>(tokens.size()) > max_tokens_) {
    throw resource_error("the text has {} tokens, but there is room for {}",
                         length() + static_cast<std::int64_t>(tokens.size()), max_tokens_);
  }
  while (!tokens.empty()) {
    const auto piece = tokens.first(std::min(tokens.size(), size(kChunk)));
    run(piece);
    tokens = tokens.subspan(piece.size());
  }
  return logits_;
}

void DecoderSession::truncate(std::int64_t length) { tokens_.resize(std::min(tokens_.size(), size(length))); }

std::span<const float> DecoderSession::restart(std::span<const std::int32_t> tokens) {
  std::size_t common = 0;
  // The last token always runs, since its logits are wanted.
  while (common + 1 < tokens.size() && common < tokens_.size() && tokens_[common] == tokens[common]) ++common;
  truncate(static_cast<std::int64_t>(common));
  return append(tokens.subspan(common));
}

void DecoderSession::run(std::span<const std::int32_t> tokens) {
  const auto n = static_cast<std::int64_t>(tokens.size());
  const std::int64_t first = length(), c = config_.hidden_size, kv = config_.kv_size();
  const auto eps = static_cast<float>(config_.rms_norm_eps);
  for (std::int64_t i = 0; i < n; ++i) positions_[size(i)] = static_cast<std::int32_t>(first + i);
  const auto product = [&](const float* x, const WeightSlot& weight, std::array<std::int64_t, 2> shape, float* y,
                           bool accumulate) {
    matmul_forward(context_, {.n_rows = n,
                              .in = shape[1],
                              .out = shape[0],
                              .x = x,
                              .weight = weight.view,
                              .bias = nullptr,
                              .y = y,
                              .accumulate = accumulate,
                              .product = product_});
  };
  const auto rotate = [&](float* x, std::int64_t heads) {
    rotary_forward(context_, {.n_tokens = n,
                              .n_heads = heads,
                              .head_dim = config_.head_dim,
                              .rotary_dim = config_.head_dim,
                              .style = RotaryStyle::kHalfSplit,
                              .positions = positions_.data(),
                              .n_positions = max_tokens_,
                              .cosines = cosines_.data(),
                              .sines = sines_.data(),
                              .x = x});
  };
  embedding_forward(context_, {.n_tokens = n,
                               .vocab = config_.vocab_size,
                               .width = c,
                               .ids = tokens.data(),
                               .table = weights_.embed_tokens.view,
                               .y = stream_.data()});
  for (std::size_t l = 0; l < weights_.layers.size(); ++l) {
    const LayerSlots& w = weights_.layers[l];
    const auto linear = [&](Module module, const float* x, float* y, bool accumulate) {
      const auto shape = module_shape(config_, module);
      product(x, w.modules[size(static_cast<int>(module))], shape, y, accumulate);
      if (lora_ == nullptr) return;
      const LoraSlot& slot = lora_->layers[l][size(static_cast<int>(module))];
      if (slot.lora_A == nullptr) return;
      lora_matmul_forward(context_, {.n_rows = n,
                                     .in = shape[1],
                                     .out = shape[0],
                                     .rank = lora_->rank,
                                     .x = x,
                                     .lora_A = slot.lora_A,
                                     .lora_B = slot.lora_B,
                                     .scaling = lora_->scaling,
                                     .xa = xa_.data(),
                                     .y = y,
                                     .product = product_});
    };
    float* k = k_cache_[l].data() + first * kv;
    float* v = v_cache_[l].data() + first * kv;
    rms_norm_forward(
        context_,
        {.n_rows = n, .width = c, .x = stream_.data(), .weight = w.input_norm.value, .eps = eps, .y = normed_.data()});
    linear(Module::kQ, normed_.data(), q_.data(), false);
    linear(Module::kK, normed_.data(), k, false);
    linear(Module::kV, normed_.data(), v, false);
    rotate(q_.data(), config_.num_attention_heads);
    rotate(k, config_.num_key_value_heads);
    attention_cached(context_, {.n_queries = n,
                                .first_position = first,
                                .n_heads = config_.num_attention_heads,
                                .n_kv_heads = config_.num_key_value_heads,
                                .head_dim = config_.head_dim,
                                .scale = 1 / std::sqrt(static_cast<float>(config_.head_dim)),
                                .q = q_.data(),
                                .k_cache = k_cache_[l].data(),
                                .v_cache = v_cache_[l].data(),
                                .out = attention_.data()});
    linear(Module::kO, attention_.data(), stream_.data(), true);
    rms_norm_forward(context_, {.n_rows = n,
                                .width = c,
                                .x = stream_.data(),
                                .weight = w.post_attention_norm.value,
                                .eps = eps,
                                .y = normed_.data()});
    linear(Module::kGate, normed_.data(), gate_.data(), false);
    linear(Module::kUp, normed_.data(), up_.data(), false);
    activation_forward(context_, {.n = n * config_.intermediate_size,
                                  .activation = Activation::kSilu,
                                  .x = gate_.data(),
                                  .up = up_.data(),
                                  .y = gate_.data()});
    linear(Module::kDown, gate_.data(), stream_.data(), true);
  }
  const float* last = stream_.data() + (n - 1) * c;
  rms_norm_forward(
      context_, {.n_rows = 1, .width = c, .x = last, .weight = weights_.norm.value, .eps = eps, .y = normed_.data()});
  matmul_forward(context_, {.n_rows = 1,
                            .in = c,
                            .out = config_.vocab_size,
                            .x = normed_.data(),
                            .weight = weights_.lm_head.view,
                            .bias = nullptr,
                            .y = logits_.data(),
                            .product = product_});
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
}

}  // namespace matinee
