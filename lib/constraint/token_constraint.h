#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/constraint/token_trie.h"

namespace matinee {

/// Keeps a reply inside an automaton's language, token by token. Every way to tokenize an accepted text is admitted,
/// the canonical one among them. `trie` and `automaton` must outlive it. Masks are cached by state.
class TokenConstraint {
 public:
  /// `end_token_id` is allowed exactly where the text may end.
  TokenConstraint(const TokenTrie& trie, const ByteAutomaton& automaton, std::int32_t end_token_id);
  TokenConstraint(TokenConstraint&&) noexcept;
  ~TokenConstraint();

  /// The tokens that may come next. Valid until the next call. Throws Error(kBadData) if there are none (the vocabulary
  /// cannot spell the language). After the end token: only the end token.
  const TokenMask& mask();
  /// Moves over a token of the mask; throws Error(kInternal) for any other.
  void accept(std::int32_t id);
  /// True after the end token.
  bool ended() const;
  bool may_end() const;

  /// The ids that must come next, in canonical tokenization as far as the reply so far allows; empty if there is a
  /// choice. They can be fed to the model at once, without sampling; `accept` each. Includes the end token if the text
  /// must end there.
  std::vector<std::int32_t> forced_run();

  /// Bytes of the reply so far.
  const std::string& text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
