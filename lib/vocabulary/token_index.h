#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// Finds the ids of tokens by their bytes: open addressing over the strings of a vocabulary that is kept elsewhere, so
/// that an index of 150,000 tokens is made in a few milliseconds. A byte of each slot's hash stands apart: what is not
/// there is mostly known from these, which fit into the processor's second cache.
class TokenIndex {
 public:
  /// Over vocabulary[id], which must outlive the index; empty at first.
  explicit TokenIndex(const std::vector<std::string>& vocabulary) : vocabulary_(&vocabulary) { grow(64); }

  void reserve(std::size_t tokens);
  /// Adds vocabulary[id]. False, and nothing is done, where an equal token is there already.
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
