#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/constraint/token_mask.h"
#include "lib/text/byte_automaton.h"
#include "lib/tokenizer/tokenizer.h"

namespace matinee {

/// The vocabulary's ordinary tokens as a trie over their bytes, so that a mask is one walk along what an automaton
/// accepts: its steps are looked up among a node's children, not the children tried one after another. Special tokens
/// are not in it. Immutable, shared by all constraints of a tokenizer.
class TokenTrie {
 public:
  explicit TokenTrie(const Tokenizer& tokenizer);

  /// Allows in `mask` every token whose bytes `automaton` takes from `state`. Returns whether there is one.
  bool allow(const ByteAutomaton& automaton, const ByteAutomaton::State& state, TokenMask& mask) const;
  const Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  // Children of a node follow each other, in the order of their bytes.
  struct Node {
    std::uint32_t first_child = 0;
    std::uint32_t children = 0;
    std::uint32_t tokens_begin = 0;  ///< its tokens (several ids may have the same bytes) in tokens_
    std::uint32_t tokens_end = 0;
  };
  const Tokenizer& tokenizer_;
  std::vector<Node> nodes_;          // nodes_[0] is the root
  std::vector<std::uint8_t> bytes_;  // by node: the byte that leads to it
  std::vector<std::int32_t> tokens_;
};

}  // namespace matinee
