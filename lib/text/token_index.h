#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// Finds the ids of tokens by their bytes: open addressing, 8 bytes a slot, over the strings of a vocabulary that is
/// kept elsewhere, so that an index of 150,000 tokens is made in a few milliseconds.
class TokenIndex {
 public:
  /// Over vocabulary[id], which must outlive the index; empty at first.
  explicit TokenIndex(const std::vector<std::string>& vocabulary) : vocabulary_(&vocabulary), slots_(64) {}

  void reserve(std::size_t tokens);
  /// Adds vocabulary[id]. False, and nothing is done, where an equal token is there already.
  bool insert(std::int32_t id);
  /// -1 where there is none.
  std::int32_t find(std::string_view token) const;
  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::int32_t id = -1;
  };
  std::size_t place_of(std::string_view token, std::uint64_t hash) const;
  void grow(std::size_t slots);

  const std::vector<std::string>* vocabulary_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t size_ = 0;
};

}  // namespace matinee
