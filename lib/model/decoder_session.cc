#include "lib/model/decoder_session.h"

#include <algorithm>
#include <numeric>

#include "kernels/ops.h"
#include "lib/base/format_error.h"
#include "lib/model/adapted_linear.h"
#include "lib/model/block_forward.h"
#include "lib/model/head_loss.h"

namespace matinee {
namespace {

// A longer prompt is processed in chunks of this many tokens, which bounds the buffers.
constexpr std::int64_t kChunk = 256;
// A graph covers sequences of up to this many tokens, or 2, 4, 8 ... times as many.
constexpr std::int64_t kShortest = 256;

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

DecoderSession::DecoderSession(Context& context, const ModelConfig& config, const ModelWeights& weights,
                               std::int64_t max_tokens, MatmulPrecision precision, const LoraWeights* lora)
    : context_(context),
      config_(config),
      weights_(weights),
      max_tokens_(max_tokens),
      precision_(precision),
      lora_(lora) {
  require_head_dim(context, config);
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    k_cache_.emplace_back(context.allocator(), size(max_tokens * config.kv_size()));
    v_cache_.emplace_back(context.allocator(), size(max_tokens * config.kv_size()));
  }
  const auto buffer = [&](Floats& values, std::int64_t width) { values = {context.allocator(), size(kChunk * width)}; };
  for (auto* values : {&stream_, &normed_}) buffer(*values, config.hidden_size);
  for (auto* values : {&q_, &attention_}) buffer(*values, config.q_size());
  for (auto* values : {&k_, &v_}) buffer(*values, config.kv_size());
  buffer(up_, config.intermediate_size);
  if (config.gated_mlp) buffer(gate_, config.intermediate_size);
  prepare_adapter();
  logits_ = {context.allocator(), size(config.vocab_size)};
  host_logits_.resize(logits_.size());
  step_ = {context.allocator(), size(2 * kChunk)};
  rotary_ = {context.allocator(), config, max_tokens};
}

std::uint64_t DecoderSession::bytes_of(const ModelConfig& config, std::int64_t max_tokens) {
  const std::int64_t cache = 2 * config.num_hidden_layers * max_tokens * config.kv_size();
  const std::int64_t buffers =
      kChunk * 2 * (config.hidden_size + config.q_size() + config.kv_size() + config.intermediate_size) +
      2 * config.vocab_size;
  return static_cast<std::uint64_t>(4 * (cache + buffers + 2 * kChunk));
}

// Buffers that any adapted layer needs, and DoRA's row norms, which depend on the weights only.
void DecoderSession::prepare_adapter() {
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
  xa_ = {context_.allocator(), kMaxLoraParts * size(kChunk * rank)};
  unscaled_ = {context_.allocator(), size(kChunk * width)};
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
  logits_.download(host_logits_);
  return host_logits_;
}

void DecoderSession::truncate(std::int64_t length) { tokens_.resize(std::min(tokens_.size(), size(length))); }

std::span<const float> DecoderSession::restart(std::span<const std::int32_t> tokens) {
  std::size_t common = 0;
  // The last token is always processed, to get its logits.
  while (common + 1 < tokens.size() && common < tokens_.size() && tokens_[common] == tokens[common]) ++common;
  truncate(static_cast<std::int64_t>(common));
  return append(tokens.subspan(common));
}

void DecoderSession::run(std::span<const std::int32_t> tokens) {
  std::vector<std::int32_t> step(2 * tokens.size());
  std::iota(step.begin(), step.end(), static_cast<std::int32_t>(length()));
  std::copy(tokens.begin(), tokens.end(), step.begin() + static_cast<std::ptrdiff_t>(tokens.size()));
  step_.upload(step);
  const auto n = static_cast<std::int64_t>(tokens.size());
  if (n == 1) {
    run_one();
  } else {
    issue(n, length() + n);
  }
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
}

void DecoderSession::run_one() {
  std::int64_t longest = kShortest;
  while (longest <= length()) longest *= 2;
  longest = std::min(longest, max_tokens_);
  // The graph holds addresses in scratch memory, which other calls may have moved since.
  const Scratch& scratch = context_.scratch();
  CapturedStep& step = captured_[longest];
  if (step.graph != nullptr && step.scratch_allocations == scratch.allocations() &&
      step.scratch_used == scratch.used()) {
    step.graph->run();
    ++repeated_steps_;
    return;
  }
  issue(1, longest);
  step = {};
  step.graph = context_.allocator()->capture([&] { issue(1, longest); });
  step.scratch_allocations = scratch.allocations();
  step.scratch_used = scratch.used();
}

// Issues the operations for the n tokens in step_; with them the sequence has at most max_tokens tokens.
void DecoderSession::issue(std::int64_t n, std::int64_t max_tokens) {
  const std::int64_t c = config_.hidden_size;
  const std::int32_t *positions = step_.data(), *tokens = positions + n;
  embed_tokens(context_, config_, weights_, n, tokens, positions, stream_.data(), normed_.data());
  for (std::size_t l = 0; l < weights_.layers.size(); ++l) {
    const LayerWeights& w = weights_.layers[l];
    const BlockForward block(context_, config_, w);
    const BlockForward::Linear linear = [&](const float* x, std::span<const BlockForward::ModuleOutput> outputs,
                                            bool accumulate) {
      std::vector<LinearOutput> layers;
      for (const auto& [module, y] : outputs) {
        const auto [out, in] = module_shape(config_, module);
        const std::size_t m = index_of(module);
        AdaptedLinear layer{.n_rows = n, .in = in, .out = out, .weight = &w.modules[m], .precision = precision_};
        if (lora_ != nullptr && lora_->layers[l][m].lora_A != nullptr) {
          layer.lora = &lora_->layers[l][m];
          layer.xa = xa_.data() + layers.size() * (xa_.size() / kMaxLoraParts);
          layer.unscaled = unscaled_.data();
          layer.norms = norms_[l][m].data();
        }
        layers.push_back({layer, y});
      }
      linear_forward(context_, layers, x, accumulate);
    };
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
    attention_cached(context_, {.n_queries = n,
                                .n_heads = config_.num_attention_heads,
                                .n_kv_heads = config_.num_key_value_heads,
                                .head_dim = config_.head_dim,
                                .max_tokens = max_tokens,
                                .first_position = positions,
                                .scale = attention_scale(config_),
                                .window = config_.window_of(static_cast<std::int64_t>(l)),
                                .softcap = static_cast<float>(config_.attention_softcap),
                                .q = q_.data(),
                                .k = k_.data(),
                                .v = v_.data(),
                                .k_cache = k_cache_[l].data(),
                                .v_cache = v_cache_[l].data(),
                                .out = attention_.data(),
                                .precision = precision_});
    block.finish(n, buffers, linear);
  }
  output_norm_forward(context_, config_, weights_.norm, 1, stream_.data() + (n - 1) * c, normed_.data(), nullptr,
                      nullptr);
  matmul_forward(context_, {.n_rows = 1,
                            .in = c,
                            .out = config_.vocab_size,
                            .x = normed_.data(),
                            .weight = weights_.lm_head.view,
                            .bias = weights_.lm_head.bias,
                            .y = logits_.data(),
                            .precision = precision_});
  cap_logits(context_, config_, 1, logits_.data());
}

}  // namespace matinee
