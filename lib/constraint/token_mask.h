#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/tokenizer/tokenizer.h"

namespace matinee {

/// A set of token ids.
class TokenMask {
 public:
  explicit TokenMask(std::int32_t vocab_size = 0);

  void allow(std::int32_t id) { words_[static_cast<std::size_t>(id) >> 6] |= std::uint64_t{1} << (id & 63); }
  bool allowed(std::int32_t id) const { return (words_[static_cast<std::size_t>(id) >> 6] >> (id & 63)) & 1; }
  std::int32_t count() const;
  std::int32_t vocab_size() const { return vocab_size_; }
  /// Bit id % 64 of word id / 64; words().size() = ceil(vocab_size / 64).
  std::span<const std::uint64_t> words() const { return words_; }
  /// Logits of tokens that are not allowed become -infinity; `logits` may be longer than the vocabulary (padded), the
  /// rest is forbidden too.
  void apply(std::span<float> logits) const;

 private:
  std::int32_t vocab_size_;
  std::vector<std::uint64_t> words_;
};

/// Every id that has a token: without the holes of the vocabulary and the rows that a model's table has beyond it.
TokenMask all_tokens(const Tokenizer& tokenizer);

}  // namespace matinee
