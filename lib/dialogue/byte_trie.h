#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace matinee {

/// Words over bytes, for grammars: each word has a number (its place in the list of adding, from 0).
class ByteTrie {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  ByteTrie() { nodes_.emplace_back(); }

  /// Adds a word and gives its number; a word that is there keeps its first number. Not empty.
  std::uint32_t add(std::string_view word);
  std::uint32_t root() const { return 0; }
  /// The node behind `byte`, or kNone.
  std::uint32_t child(std::uint32_t node, std::uint8_t byte) const;
  /// The number of the word that ends at the node, or kNone.
  std::uint32_t word_at(std::uint32_t node) const { return nodes_[node].word; }
  /// Bit w set: word w (below 64) lies at or under the node.
  std::uint64_t words_under(std::uint32_t node) const { return nodes_[node].words; }
  /// The largest number of a word at or under the node; kNone in an empty trie.
  std::uint32_t largest_under(std::uint32_t node) const { return nodes_[node].largest; }
  std::uint32_t size() const { return count_; }

 private:
  struct Node {
    std::uint32_t first_child = kNone, sibling = kNone;
    std::uint32_t word = kNone, largest = kNone;
    std::uint64_t words = 0;
    std::uint8_t byte = 0;
  };
  std::vector<Node> nodes_;
  std::uint32_t count_ = 0;
};

}  // namespace matinee
