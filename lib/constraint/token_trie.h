#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/constraint/token_mask.h"
#include "lib/text/byte_automaton.h"
#include "lib/tokenizer/tokenizer.h"

namespace matinee {

/// The vocabulary's ordinary tokens as a trie over their bytes, in preorder, so a mask is one walk that skips
/// subtrees of forbidden bytes. Special tokens are not in it. Immutable, shared by all constraints of a tokenizer.
class TokenTrie {
 public:
  explicit TokenTrie(const Tokenizer& tokenizer);

  /// Allows in `mask` every token whose bytes `automaton` takes from `state`.
  void allow(const ByteAutomaton& automaton, const ByteAutomaton::State& state, TokenMask& mask) const;
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
};

}  // namespace matinee
