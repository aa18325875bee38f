#include "lib/constraint/token_trie.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <string_view>

namespace matinee {

// Level by level, since the children of a node must follow each other.
TokenTrie::TokenTrie(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
  for (std::int32_t id = 0; id < tokenizer.vocab_size(); ++id)
    if (tokenizer.has(id) && !tokenizer.is_special(id) && !tokenizer.token_bytes(id).empty()) tokens_.push_back(id);
  const auto bytes_of = [&](std::size_t i) { return tokenizer.token_bytes(tokens_[i]); };
  // string_view compares as unsigned bytes, so equal prefixes stand together and the shortest comes first.
  std::stable_sort(tokens_.begin(), tokens_.end(),
                   [&](std::int32_t a, std::int32_t b) { return tokenizer.token_bytes(a) < tokenizer.token_bytes(b); });
  struct Pending {
    std::uint32_t node;
    std::size_t begin, end, depth;  // the tokens at or below the node
  };
  nodes_.resize(1);
  bytes_.resize(1);
  std::deque<Pending> pending{{0, 0, tokens_.size(), 0}};
  while (!pending.empty()) {
    const Pending at = pending.front();
    pending.pop_front();
    std::size_t i = at.begin;
    while (i < at.end && bytes_of(i).size() == at.depth) ++i;
    nodes_[at.node].tokens_begin = static_cast<std::uint32_t>(at.begin);
    nodes_[at.node].tokens_end = static_cast<std::uint32_t>(i);
    nodes_[at.node].first_child = static_cast<std::uint32_t>(nodes_.size());
    while (i < at.end) {
      const char byte = bytes_of(i)[at.depth];
      const std::size_t begin = i;
      while (i < at.end && bytes_of(i)[at.depth] == byte) ++i;
      pending.push_back({static_cast<std::uint32_t>(nodes_.size()), begin, i, at.depth + 1});
      nodes_.emplace_back();
      bytes_.push_back(static_cast<std::uint8_t>(byte));
      ++nodes_[at.node].children;
    }
  }
}

bool TokenTrie::allow(const ByteAutomaton& automaton, const ByteAutomaton::State& state, TokenMask& mask) const {
  struct Pending {
    std::uint32_t node;
    ByteAutomaton::State state;
  };
  std::vector<Pending> pending{{0, state}};
  std::vector<ByteAutomaton::Step> steps;
  bool any = false;
  while (!pending.empty()) {
    const Pending at = pending.back();
    pending.pop_back();
    const Node& node = nodes_[at.node];
    steps.clear();
    automaton.add_steps(at.state, steps);
    const std::uint8_t* bytes = bytes_.data() + node.first_child;
    for (const ByteAutomaton::Step& step : steps) {
      const void* found = std::memchr(bytes, step.byte, node.children);
      if (found == nullptr) continue;
      const auto child = node.first_child + static_cast<std::uint32_t>(static_cast<const std::uint8_t*>(found) - bytes);
      const Node& reached = nodes_[child];
      for (std::uint32_t t = reached.tokens_begin; t < reached.tokens_end; ++t) mask.allow(tokens_[t]);
      any = any || reached.tokens_begin < reached.tokens_end;
      if (reached.children > 0) pending.push_back({child, step.state});
    }
  }
  return any;
}

}  // namespace matinee
