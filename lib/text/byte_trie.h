#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace matinee {

/// A set of strings as a tree over their bytes. A grammar keeps its place inside a name as a node. Node 0 is the root,
/// and children have greater numbers than their parents.
class ByteTrie {
 public:
  /// Returns the node of `text`; adds it if it is missing.
  std::uint32_t add(std::string_view text);
  /// The child of `node` for `byte`, or 0.
  std::uint32_t child(std::uint32_t node, std::uint8_t byte) const;
  std::uint32_t parent(std::uint32_t node) const { return nodes_[node].parent; }
  std::uint32_t depth(std::uint32_t node) const { return nodes_[node].depth; }
  /// The children as (byte, node).
  std::span<const std::pair<std::uint8_t, std::uint32_t>> children(std::uint32_t node) const {
    return nodes_[node].children;
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }

 private:
  struct Node {
    std::uint32_t parent = 0, depth = 0;
    std::vector<std::pair<std::uint8_t, std::uint32_t>> children;
  };
  std::vector<Node> nodes_ = std::vector<Node>(1);
};

}  // namespace matinee
