#include "lib/model/decoder_batch.h"

#include <algorithm>
#include <cmath>

#include "lib/base/format_error.h"
#include "lib/model/tensor_names.h"

namespace matinee {
namespace {

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

std::int64_t parameters_of_layers(const ModelConfig& config) {
  std::int64_t sum = 0;
  for (std::size_t m = 0; m < kModules; ++m) {
    if (static_cast<Module>(m) == Module::kGate && !config.gated_mlp) continue;
    const auto [out, in] = module_shape(config, static_cast<Module>(m));
    sum += out * in;
  }
  return sum * config.num_hidden_layers;
}

// A processor multiplies some 10^11 parameters with tokens per second: a step of a small model takes 20 ms, one of a
// large model's fewest tokens keeps the weights' reading worth its time.
std::int64_t prompt_tokens_of(const ModelConfig& config) {
  constexpr std::int64_t kProducts = std::int64_t{1} << 32;
  return std::clamp<std::int64_t>(kProducts / std::max<std::int64_t>(parameters_of_layers(config), 1), 32, 256);
}

DecoderStep::Limits limits_of(const ModelConfig& config, int slots, std::int64_t max_tokens) {
  return {.max_tokens = max_tokens, .rows = prompt_tokens_of(config) + slots, .sequences = slots};
}

}  // namespace

std::int64_t common_prefix(std::span<const std::int32_t> a, std::span<const std::int32_t> b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

DecoderBatch::DecoderBatch(Context& context, const ModelConfig& config, const ModelWeights& weights, int slots,
                           std::int64_t max_tokens, MatmulPrecision precision, const LoraWeights* lora)
    : context_(context),
      vocab_size_(config.vocab_size),
      kv_size_(config.kv_size()),
      step_(context, config, weights, limits_of(config, slots, max_tokens), precision, lora) {
  for (int slot = 0; slot < slots; ++slot) sequences_.push_back({KvCache(context, config, max_tokens), {}});
}

std::uint64_t DecoderBatch::bytes_of(const ModelConfig& config, int slots, std::int64_t max_tokens) {
  const auto n = static_cast<std::uint64_t>(slots);
  return n * (KvCache::bytes_of(config, max_tokens) + sizeof(float) * static_cast<std::uint64_t>(config.vocab_size)) +
         DecoderStep::bytes_of(config, limits_of(config, slots, max_tokens));
}

void DecoderBatch::step(std::span<const SlotTokens> parts) {
  std::vector<StepPart> issued;
  std::vector<std::int32_t> positions, tokens;
  std::int64_t wanted = 0;
  for (const SlotTokens& part : parts) {
    Sequence& sequence = sequences_[static_cast<std::size_t>(part.slot)];
    const auto n = static_cast<std::int64_t>(part.tokens.size()), past = std::ssize(sequence.tokens);
    if (n == 0) contract_violation("DecoderBatch::step", "there must be a token");
    if (past + n > max_tokens())
      throw resource_error("the text has {} tokens, but there is room for {}", past + n, max_tokens());
    for (std::int64_t i = 0; i < n; ++i) positions.push_back(static_cast<std::int32_t>(past + i));
    tokens.insert(tokens.end(), part.tokens.begin(), part.tokens.end());
    issued.push_back({&sequence.cache, n, past + n, part.wants_logits});
    wanted += part.wants_logits ? 1 : 0;
  }
  if (std::ssize(tokens) > max_step_tokens()) contract_violation("DecoderBatch::step", "the tokens fit a step");
  if (tokens.empty()) return;
  step_.load(positions, tokens);
  step_.issue(issued);
  for (const SlotTokens& part : parts) {
    std::vector<std::int32_t>& all = sequences_[static_cast<std::size_t>(part.slot)].tokens;
    all.insert(all.end(), part.tokens.begin(), part.tokens.end());
  }
  logits_.resize(size(wanted * vocab_size_));
  if (wanted > 0) step_.logits().download(logits_);
}

std::span<const float> DecoderBatch::logits(std::size_t n) const {
  return std::span(logits_).subspan(n * size(vocab_size_), size(vocab_size_));
}

void DecoderBatch::truncate(int slot, std::int64_t length) {
  std::vector<std::int32_t>& tokens = sequences_[static_cast<std::size_t>(slot)].tokens;
  tokens.resize(std::min(tokens.size(), size(length)));
}

void DecoderBatch::copy_prefix(int from, int to, std::int64_t length) {
  const Sequence& source = sequences_[static_cast<std::size_t>(from)];
  Sequence& copy = sequences_[static_cast<std::size_t>(to)];
  const std::size_t bytes = sizeof(float) * size(length * kv_size_);
  for (std::size_t layer = 0; bytes > 0 && layer < source.cache.k.size(); ++layer) {
    context_.allocator()->copy(copy.cache.k[layer].data(), source.cache.k[layer].data(), bytes);
    context_.allocator()->copy(copy.cache.v[layer].data(), source.cache.v[layer].data(), bytes);
  }
  copy.tokens.assign(source.tokens.begin(), source.tokens.begin() + length);
}

}  // namespace matinee
