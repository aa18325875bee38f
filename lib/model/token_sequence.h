#pragma once

#include <cstdint>
#include <span>

namespace matinee {

/// A sequence of tokens that a model continues: a DecoderSession, or one that is decoded together with others.
class TokenSequence {
 public:
  TokenSequence() = default;
  TokenSequence(const TokenSequence&) = delete;
  TokenSequence& operator=(const TokenSequence&) = delete;
  TokenSequence(TokenSequence&&) = default;
  virtual ~TokenSequence() = default;

  /// Appends `tokens` (at least one) and returns the logits [vocab_size] after the last one, valid until the next call.
  /// Empty: the sequence was stopped from outside; it holds nothing any more and goes on with restart(). Throws
  /// Error(kResource), and changes nothing, if the sequence would become longer than max_tokens.
  virtual std::span<const float> append(std::span<const std::int32_t> tokens) = 0;
  /// Replaces the sequence by `tokens`, and computes nothing anew for a prefix that is still at hand. Returns as
  /// `append`.
  virtual std::span<const float> restart(std::span<const std::int32_t> tokens) = 0;
  /// No further append() comes before the next restart(), so what the sequence holds may go to another one.
  virtual void finish() noexcept {}

  virtual std::int64_t length() const = 0;
  virtual std::int64_t max_tokens() const = 0;
};

}  // namespace matinee
