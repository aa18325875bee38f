#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "lib/base/random.h"

namespace matinee {

/// How the next token is sampled. Applied in this order: mask, top_k, temperature, top_p.
struct SamplerOptions {
  double temperature = 0;  ///< 0: always the most probable token
  std::int64_t top_k = 0;  ///< keep the k most probable tokens; 0: all
  double top_p = 1;        ///< nucleus sampling: keep the fewest most probable tokens that sum to at least this
};

/// Chooses tokens from logits. The n-th choice depends on (seed, n) and the logits only.
class Sampler {
 public:
  /// Throws Error(kUsage) for a negative or infinite temperature, a negative top_k, a top_p outside (0, 1].
  Sampler(SamplerOptions options, std::uint64_t seed);

  /// Samples a token from `logits` [vocab_size]. `allowed`: bit id % 64 of word id / 64 is set if the token is allowed;
  /// ids beyond its end are not; empty: all are. Of equal logits the smaller id counts as more probable.
  /// Throws Error(kInternal) if no token is allowed, Error(kBadData) if an allowed logit is NaN or infinite.
  std::int32_t choose(std::span<const float> logits, std::span<const std::uint64_t> allowed = {});

 private:
  SamplerOptions options_;
  Random random_;
  std::vector<std::pair<float, std::int32_t>> candidates_;  // logit and id
  std::vector<double> probabilities_;
};

/// ln of the probability of `id` under softmax(logits), in float64.
double log_probability(std::span<const float> logits, std::int32_t id);

}  // namespace matinee
