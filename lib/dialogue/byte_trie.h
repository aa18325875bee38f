#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace matinee {

/// A set of strings as a tree over their bytes: where a grammar stands inside a name. Node 0 is the root; a child's
/// number is greater than its parent's.
class ByteTrie {
 public:
  /// The node of `text`, made where it is not there yet.
  std::uint32_t add(std::string_view text);
  /// 0 where there is none: the root is nobody's child.
  std::uint32_t child(std::uint32_t node, std::uint8_t byte) const;
  std::uint32_t parent(std::uint32_t node) const { return nodes_[node].parent; }
  std::uint32_t depth(std::uint32_t node) const { return nodes_[node].depth; }
  /// (byte, node) of each child.
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
