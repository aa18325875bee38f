#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "lib/base/random.h"

namespace matinee {

/// How the next token is drawn. The limits apply in this order: mask, top_k, temperature, top_p.
struct SamplerOptions {
  double temperature = 0;  ///< 0: always the likeliest token
  std::int64_t top_k = 0;  ///< keep the k likeliest; 0: all
  double top_p = 1;        ///< keep the fewest likeliest whose probabilities sum to at least this
};

/// Chooses tokens from logits. The n-th choice depends on (seed, n) and the logits only.
class Sampler {
 public:
  /// Throws Error(kUsage) for a negative or infinite temperature, a negative top_k, a top_p outside (0, 1].
  Sampler(SamplerOptions options, std::uint64_t seed);

  /// A token of `logits` [vocab_size]. `allowed`: bit id % 64 of word id / 64 is set where the token may come; ids
  /// beyond it may not; empty: all may. Equal logits: the smaller id counts as the likelier.
  /// Throws Error(kInternal) where nothing is allowed, Error(kBadData) where an allowed logit is NaN or infinite.
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
