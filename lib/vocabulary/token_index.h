#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// Finds token ids by their bytes: open addressing over the strings of a vocabulary that is stored elsewhere, so
/// building an index of 150,000 tokens takes a few milliseconds. One hash byte per slot is stored in an array of its
/// own that fits into the L2 cache; most lookups of unknown tokens need nothing else.
class TokenIndex {
 public:
  /// Over vocabulary[id], which must outlive the index; empty at first.
  explicit TokenIndex(const std::vector<std::string>& vocabulary) : vocabulary_(&vocabulary) { grow(64); }

  void reserve(std::size_t tokens);
  /// Adds vocabulary[id]; does nothing and returns false if an equal token is present.
  bool insert(std::int32_t id);
  /// -1 where there is none.
  std::int32_t find(std::string_view token) const;
  std::size_t size() const { return size_; }

 private:
  std::size_t place_of(std::string_view token, std::uint64_t hash) const;
  void grow(std::size_t slots);

  const std::vector<std::string>* vocabulary_;
  std::vector<std::uint8_t> tags_;  // a power of two, at most half full; 0: an empty slot
  std::vector<std::int32_t> ids_;
  std::size_t size_ = 0;
};

}  // namespace matinee
