#include "lib/constraint/token_trie.h"

#include <algorithm>
#include <string_view>

namespace matinee {

TokenTrie::TokenTrie(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
  std::vector<std::int32_t> ids;
  for (std::int32_t id = 0; id < tokenizer.vocab_size(); ++id)
    if (tokenizer.has(id) && !tokenizer.is_special(id) && !tokenizer.token_bytes(id).empty()) ids.push_back(id);
  // string_view compares as unsigned bytes, so equal prefixes stand together.
  std::stable_sort(ids.begin(), ids.end(),
                   [&](std::int32_t a, std::int32_t b) { return tokenizer.token_bytes(a) < tokenizer.token_bytes(b); });
  std::vector<std::uint32_t> open;  // nodes from the root to the last one
  const auto close_to = [&](std::size_t depth) {
    while (open.size() > depth) {
      nodes_[open.back()].subtree_end = static_cast<std::uint32_t>(nodes_.size());
      open.pop_back();
    }
  };
  std::string_view previous;
  for (const std::int32_t id : ids) {
    const std::string_view bytes = tokenizer.token_bytes(id);
    const auto common = static_cast<std::size_t>(
        std::mismatch(bytes.begin(), bytes.end(), previous.begin(), previous.end()).first - bytes.begin());
    close_to(common);
    for (std::size_t depth = common; depth < bytes.size(); ++depth) {
      open.push_back(static_cast<std::uint32_t>(nodes_.size()));
      const auto none = static_cast<std::uint32_t>(tokens_.size());
      nodes_.push_back({0, none, none, static_cast<std::uint16_t>(depth), static_cast<std::uint8_t>(bytes[depth])});
    }
    // Ids of equal bytes follow each other, so a node's tokens do too.
    Node& node = nodes_[open.back()];
    if (node.tokens_begin == node.tokens_end) node.tokens_begin = static_cast<std::uint32_t>(tokens_.size());
    tokens_.push_back(id);
    node.tokens_end = static_cast<std::uint32_t>(tokens_.size());
    max_depth_ = std::max(max_depth_, bytes.size());
    previous = bytes;
  }
  close_to(0);
}

void TokenTrie::allow(const ByteAutomaton& automaton, const ByteAutomaton::State& state, TokenMask& mask) const {
  std::vector<ByteAutomaton::State> states(max_depth_ + 1);
  states[0] = state;
  for (std::size_t i = 0; i < nodes_.size();) {
    const Node& node = nodes_[i];
    ByteAutomaton::State& next = states[node.depth + 1u];
    next = states[node.depth];
    if (!automaton.advance(next, node.byte)) {
      i = node.subtree_end;
      continue;
    }
    for (std::uint32_t t = node.tokens_begin; t < node.tokens_end; ++t) mask.allow(tokens_[t]);
    ++i;
  }
}

}  // namespace matinee
