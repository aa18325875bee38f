#include "lib/text/byte_trie.h"

namespace matinee {

std::uint32_t ByteTrie::add(std::string_view text) {
  std::uint32_t node = 0;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    std::uint32_t next = child(node, byte);
    if (next == 0) {
      next = size();
      nodes_.push_back({node, nodes_[node].depth + 1, {}});
      nodes_[node].children.emplace_back(byte, next);
    }
    node = next;
  }
  return node;
}

std::uint32_t ByteTrie::child(std::uint32_t node, std::uint8_t byte) const {
  for (const auto& [own, next] : nodes_[node].children) {
    if (own == byte) return next;
  }
  return 0;
}

}  // namespace matinee
