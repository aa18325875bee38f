#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// (left id, right id) -> rank and merged id: open addressing, 16 bytes a slot, at most two thirds full.
class MergeTable {
 public:
  static constexpr std::uint32_t kNoRank = 0xffffffffu;
  struct Entry {
    std::uint64_t key = kEmpty;
    std::uint32_t rank = kNoRank;
    std::int32_t merged = -1;
  };

  MergeTable() = default;
  explicit MergeTable(const TokenizerDefinition& definition) {
    const std::size_t size = std::bit_ceil(definition.merges.size() * 3 / 2 + 2);
    slots_.resize(size);
    shift_ = 64 - std::countr_zero(size);
    for (std::size_t i = 0; i < definition.merges.size(); ++i) {
      const auto [left, right] = definition.merges[i];
      const std::uint32_t rank =
          definition.merge_ranks.empty() ? static_cast<std::uint32_t>(i) : definition.merge_ranks[i];
      // The last rank of a duplicate pair wins, as in Hugging Face's map.
      slots_[slot(key_of(left, right))] = {key_of(left, right), rank, definition.merged[i]};
    }
  }
  /// rank is kNoRank if no merge joins the pair.
  const Entry& find(std::int32_t left, std::int32_t right) const { return slots_[slot(key_of(left, right))]; }

 private:
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};

  static std::uint64_t key_of(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
  }
  std::size_t slot(std::uint64_t key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = (key ^ key >> 29) * 0x9e3779b97f4a7c15ULL >> shift_;
    while (slots_[i].key != key && slots_[i].key != kEmpty) i = (i + 1) & mask;
    return i;
  }
  std::vector<Entry> slots_;
  int shift_ = 0;
};

}  // namespace matinee
