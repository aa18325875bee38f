#include "lib/model/decoder_session.h"

#include <algorithm>
#include <numeric>

#include "lib/base/format_error.h"

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
      vocab_size_(config.vocab_size),
      max_tokens_(max_tokens),
      cache_(context, config, max_tokens),
      step_(context, config, weights, {.max_tokens = max_tokens, .rows = kChunk, .sequences = 1}, precision, lora),
      host_logits_(size(config.vocab_size)) {}

std::uint64_t DecoderSession::bytes_of(const ModelConfig& config, std::int64_t max_tokens) {
  return KvCache::bytes_of(config, max_tokens) +
         DecoderStep::bytes_of(config, {.max_tokens = max_tokens, .rows = kChunk, .sequences = 1}) +
         sizeof(float) * static_cast<std::uint64_t>(config.vocab_size);
}

std::span<const float> DecoderSession::append(std::span<const std::int32_t> tokens) {
  if (tokens.empty()) contract_violation("DecoderSession::append", "there must be a token");
  if (length() + static_cast<std::int64_t>(tokens.size()) > max_tokens_) {
    throw resource_error("the text has {} tokens, but there is room for {}",
                         length() + static_cast<std::int64_t>(tokens.size()), max_tokens_);
  }
  while (!tokens.empty()) {
    const auto piece = tokens.first(std::min(tokens.size(), size(kChunk)));
    tokens = tokens.subspan(piece.size());
    run(piece, tokens.empty());
  }
  step_.logits().download(host_logits_);
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

void DecoderSession::run(std::span<const std::int32_t> tokens, bool wants_logits) {
  const auto n = static_cast<std::int64_t>(tokens.size());
  positions_.resize(tokens.size());
  std::iota(positions_.begin(), positions_.end(), static_cast<std::int32_t>(length()));
  step_.load(positions_, tokens);
  if (n == 1) {
    run_one();
  } else {
    issue(n, length() + n, wants_logits);
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
  issue(1, longest, true);
  step = {};
  step.graph = context_.allocator()->capture([&] { issue(1, longest, true); });
  step.scratch_allocations = scratch.allocations();
  step.scratch_used = scratch.used();
}

// Issues the operations for the n loaded tokens; with them the sequence has at most max_tokens tokens.
void DecoderSession::issue(std::int64_t n, std::int64_t max_tokens, bool wants_logits) {
  const StepPart part{.cache = &cache_, .n_tokens = n, .max_tokens = max_tokens, .wants_logits = wants_logits};
  step_.issue({&part, 1});
}

}  // namespace matinee
