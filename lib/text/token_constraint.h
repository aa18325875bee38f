#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/text/tokenizer.h"

namespace matinee {

/// A language over bytes: which byte may come next, and where a text may end.
///
/// Contract: a state that `advance` led to with true is alive, that is, some bytes lead from it to a state that may
/// end. Under it no reply can get stuck in the middle. Methods are called from one thread.
class ByteAutomaton {
 public:
  /// A position in the language: plain numbers, what they mean is the automaton's own business (positions in tables,
  /// counters; a larger state is interned and its number put here). Equal states accept equal continuations.
  struct State {
    std::array<std::uint32_t, 8> words{};
    friend auto operator<=>(const State&, const State&) = default;
  };

  virtual ~ByteAutomaton() = default;
  virtual State start() const = 0;
  /// Moves over `byte` if it may come here; else gives false, and the state is undefined.
  virtual bool advance(State& state, std::uint8_t byte) const = 0;
  virtual bool may_end(const State& state) const = 0;

  /// True where all of `text` is in the language.
  bool accepts(std::string_view text) const;
};

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

/// The vocabulary's ordinary tokens as a trie over their bytes, in preorder, so that a mask is one walk that skips what
/// a byte forbids. Special tokens are not in it. Immutable, shared by all constraints of a tokenizer.
class TokenTrie {
 public:
  explicit TokenTrie(const Tokenizer& tokenizer);

  /// Allows in `mask` every token whose bytes `automaton` takes from `state`.
  void allow(const ByteAutomaton& automaton, const ByteAutomaton::State& state, TokenMask& mask) const;
  /// True where each of the 256 bytes is a token: then a mask of a state that is alive is never empty.
  bool covers_all_bytes() const { return covers_all_bytes_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  struct Node {
    std::uint32_t subtree_end;   ///< index of the first node that is not below this one
    std::uint32_t tokens_begin;  ///< its tokens (several ids may have the same bytes) in tokens_
    std::uint32_t tokens_end;
    std::uint16_t depth;  ///< of its byte, from 0
    std::uint8_t byte;
  };
  const Tokenizer& tokenizer_;
  std::vector<Node> nodes_;
  std::vector<std::int32_t> tokens_;
  std::size_t max_depth_ = 0;
  bool covers_all_bytes_ = false;
};

/// Keeps a reply inside an automaton's language, token by token. Every way to tokenize an accepted text is admitted,
/// the canonical one among them. `trie` and `automaton` must outlive it. Masks are remembered by state.
class TokenConstraint {
 public:
  /// `end_token_id` is allowed exactly where the text may end.
  TokenConstraint(const TokenTrie& trie, const ByteAutomaton& automaton, std::int32_t end_token_id);
  TokenConstraint(TokenConstraint&&) noexcept;
  ~TokenConstraint();

  /// Back to the start of a reply; the remembered masks stay.
  void restart();
  /// The tokens that may come next. Valid until the next call of anything. Throws Error(kBadData) where nothing may
  /// (the vocabulary cannot spell what the language demands). After the end token: none but the end token.
  const TokenMask& mask();
  /// Moves over a token of the mask; throws Error(kInternal) for any other.
  void accept(std::int32_t id);
  /// True after the end token.
  bool ended() const;
  bool may_end() const;

  /// The ids that must come next whatever the model thinks, as the canonical tokenization has them; empty where it has
  /// a choice. They may be fed to the model at once, without sampling; `accept` each. Ends with the end token where the
  /// text must end there.
  std::vector<std::int32_t> forced_run();

  /// Bytes of the reply so far.
  const std::string& text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
