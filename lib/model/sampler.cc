#include "lib/model/sampler.h"

#include <algorithm>
#include <cmath>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

bool likelier(const std::pair<float, std::int32_t>& a, const std::pair<float, std::int32_t>& b) {
  return a.first > b.first || (a.first == b.first && a.second < b.second);
}

bool may_come(std::span<const std::uint64_t> allowed, std::size_t id) {
  return allowed.empty() || (id / 64 < allowed.size() && (allowed[id / 64] >> (id % 64) & 1) != 0);
}

}  // namespace

Sampler::Sampler(SamplerOptions options, std::uint64_t seed) : options_(options), random_(seed, "sample") {
  if (!std::isfinite(options.temperature) || options.temperature < 0) {
    throw usage_error("temperature: expected a number of at least 0, found {}", options.temperature);
  }
  if (options.top_k < 0) throw usage_error("top-k: expected a whole number of at least 0, found {}", options.top_k);
  if (!(options.top_p > 0 && options.top_p <= 1)) {
    throw usage_error("top-p: expected a number above 0 and at most 1, found {}", options.top_p);
  }
}

std::int32_t Sampler::choose(std::span<const float> logits, std::span<const std::uint64_t> allowed) {
  candidates_.clear();
  for (std::size_t id = 0; id < logits.size(); ++id) {
    if (!may_come(allowed, id)) continue;
    if (!std::isfinite(logits[id])) throw bad_data("the model's logit of token {} is {}", id, logits[id]);
    candidates_.emplace_back(logits[id], static_cast<std::int32_t>(id));
  }
  if (candidates_.empty()) contract_violation("Sampler::choose", "some token is allowed");
  if (options_.temperature == 0 || options_.top_k == 1 || candidates_.size() == 1) {
    return std::min_element(candidates_.begin(), candidates_.end(), likelier)->second;
  }
  if (options_.top_k > 0 && static_cast<std::size_t>(options_.top_k) < candidates_.size()) {
    const auto kept = candidates_.begin() + options_.top_k;
    std::nth_element(candidates_.begin(), kept, candidates_.end(), likelier);
    candidates_.erase(kept, candidates_.end());
  }
  std::sort(candidates_.begin(), candidates_.end(), likelier);
  double sum = 0;
  probabilities_.clear();
  for (const auto& [logit, id] : candidates_) {
    const double distance = static_cast<double>(logit) - static_cast<double>(candidates_.front().first);
    sum += probabilities_.emplace_back(std::exp(distance / options_.temperature));
  }
  double kept = 0;
  std::size_t n_kept = 0;
  while (n_kept < probabilities_.size() && kept < options_.top_p * sum) kept += probabilities_[n_kept++];
  double at = random_.uniform() * kept;
  for (std::size_t i = 0; i + 1 < n_kept; ++i) {
    at -= probabilities_[i];
    if (at < 0) return candidates_[i].second;
  }
  return candidates_[n_kept - 1].second;
}

double log_probability(std::span<const float> logits, std::int32_t id) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return static_cast<double>(logits[static_cast<std::size_t>(id)]) - largest - std::log(sum);
}

}  // namespace matinee
