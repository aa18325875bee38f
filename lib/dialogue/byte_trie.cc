#include "lib/dialogue/byte_trie.h"

namespace matinee {

std::uint32_t ByteTrie::child(std::uint32_t node, std::uint8_t byte) const {
  for (std::uint32_t at = nodes_[node].first_child; at != kNone; at = nodes_[at].sibling) {
    if (nodes_[at].byte == byte) return at;
  }
  return kNone;
}

std::uint32_t ByteTrie::add(std::string_view word) {
  std::uint32_t node = root();
  std::vector<std::uint32_t> path{node};
  for (const char c : word) {
    const auto byte = static_cast<std::uint8_t>(c);
    std::uint32_t next = child(node, byte);
    if (next == kNone) {
      next = static_cast<std::uint32_t>(nodes_.size());
      Node fresh;
      fresh.byte = byte;
      fresh.sibling = nodes_[node].first_child;
      nodes_.push_back(fresh);
      nodes_[node].first_child = next;
    }
    node = next;
    path.push_back(node);
  }
  if (nodes_[node].word != kNone) return nodes_[node].word;
  const std::uint32_t number = count_++;
  nodes_[node].word = number;
  for (const std::uint32_t at : path) {
    if (number < 64) nodes_[at].words |= std::uint64_t{1} << number;
    nodes_[at].largest = number;  // numbers grow, so the last is the largest
  }
  return number;
}

}  // namespace matinee
