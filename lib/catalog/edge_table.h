#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace matinee {

/// The edges of a trie over words: (node, word) to the child node, which is never 0. Words are numbers from 0. The
/// edges of node 0, which most lookups are about, are in a column of their own.
class EdgeTable {
 public:
  /// The child, or 0.
  std::uint32_t find(std::uint32_t node, std::uint32_t word) const {
    if (node == 0) return word < of_root_.size() ? of_root_[word] : 0;
    return slots_[place(key(node, word))].child;
  }

  /// The edge must be missing.
  void insert(std::uint32_t node, std::uint32_t word, std::uint32_t child) {
    if (node == 0) {
      if (word >= of_root_.size()) of_root_.resize(word + 1 + of_root_.size() / 2);
      of_root_[word] = child;
      return;
    }
    if (++size_ * 2 > slots_.size()) {
      std::vector<Slot> old(slots_.size() * 2);
      std::swap(old, slots_);
      for (const Slot& slot : old) {
        if (slot.child != 0) slots_[place(slot.key)] = slot;
      }
    }
    const std::uint64_t edge = key(node, word);
    slots_[place(edge)] = {edge, child};
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t child = 0;  // 0: free
  };

  static std::uint64_t key(std::uint32_t node, std::uint32_t word) { return std::uint64_t{node} << 32 | word; }
  // Where the edge is, or belongs.
  std::size_t place(std::uint64_t edge) const {
    const std::uint64_t hash = edge * 0x9e3779b97f4a7c15ULL;
    std::size_t at = (hash ^ hash >> 32) & (slots_.size() - 1);
    while (slots_[at].child != 0 && slots_[at].key != edge) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  std::vector<std::uint32_t> of_root_;  // by word
  std::vector<Slot> slots_ = std::vector<Slot>(1024);
  std::size_t size_ = 0;
};

}  // namespace matinee
