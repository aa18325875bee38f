#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/dialogue/byte_trie.h"

namespace matinee {

/// The words that a reply may use, as a trie that knows the distance from each node to the nearest end of a word.
class Lexicon {
 public:
  static constexpr std::uint32_t kNone = 0xffff;

  /// Throws Error(kInternal) if the words need more than 65,534 nodes.
  explicit Lexicon(const std::vector<std::string>& words);

  std::uint32_t child(std::uint32_t node, std::uint8_t byte) const;  ///< kNone where there is none; the root is 0
  const ByteTrie& trie() const { return trie_; }
  bool ends(std::uint32_t node) const { return shortest_[node] == 0; }
  /// Bytes from the node to the nearest end of a word.
  std::uint32_t shortest(std::uint32_t node) const { return shortest_[node]; }
  bool contains(std::string_view word) const;

 private:
  ByteTrie trie_;
  std::vector<std::uint16_t> shortest_;
};

}  // namespace matinee
