#include "lib/dialogue/lexicon.h"

#include <algorithm>

#include "lib/base/format_error.h"

namespace matinee {

Lexicon::Lexicon(const std::vector<std::string>& words) {
  std::vector<std::uint32_t> ends;
  for (const std::string& word : words) {
    if (!word.empty()) ends.push_back(trie_.add(word));
  }
  if (trie_.size() >= kNone) throw internal_error("Lexicon: {} nodes, at most {} fit", trie_.size(), kNone - 1);
  shortest_.assign(trie_.size(), UINT16_MAX);
  for (const std::uint32_t end : ends) shortest_[end] = 0;
  // From the leaves up: children have greater numbers than their parents.
  for (std::uint32_t node = trie_.size(); node-- > 1;) {
    std::uint16_t& parent = shortest_[trie_.parent(node)];
    parent = std::min<std::uint16_t>(parent, static_cast<std::uint16_t>(shortest_[node] + 1));
  }
}

std::uint32_t Lexicon::child(std::uint32_t node, std::uint8_t byte) const {
  const std::uint32_t found = trie_.child(node, byte);
  return found == 0 ? kNone : found;
}

bool Lexicon::contains(std::string_view word) const {
  std::uint32_t node = 0;
  for (const char c : word) {
    node = child(node, static_cast<std::uint8_t>(c));
    if (node == kNone) return false;
  }
  return !word.empty() && ends(node);
}

}  // namespace matinee
