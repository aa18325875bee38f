#include "lib/constraint/token_mask.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace matinee {

TokenMask::TokenMask(std::int32_t vocab_size)
    : vocab_size_(vocab_size), words_((static_cast<std::size_t>(vocab_size) + 63) / 64, 0) {}

std::int32_t TokenMask::count() const {
  std::int32_t count = 0;
  for (const std::uint64_t word : words_) count += std::popcount(word);
  return count;
}

void TokenMask::apply(std::span<float> logits) const {
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  const auto known = std::min(logits.size(), static_cast<std::size_t>(vocab_size_));
  for (std::size_t id = 0; id < known; ++id)
    if (!allowed(static_cast<std::int32_t>(id))) logits[id] = kNever;
  std::fill(logits.begin() + static_cast<std::ptrdiff_t>(known), logits.end(), kNever);
}

TokenMask all_tokens(const Tokenizer& tokenizer) {
  TokenMask mask(tokenizer.vocab_size());
  for (std::int32_t id = 0; id < tokenizer.vocab_size(); ++id)
    if (tokenizer.has(id)) mask.allow(id);
  return mask;
}

}  // namespace matinee
