#pragma once

#include <cstdint>
#include <vector>

namespace matinee {

/// A set of 64-bit hashes of texts. It takes 11 to 22 bytes per hash (at most 33 while it grows), so about 20 MB per
/// million. Of n different texts, n²/2^65 are expected to be taken for another one: one in 3,700 runs of 100 million.
class HashSet {
 public:
  HashSet() : slots_(kFirstSlots) {}
  /// False if it was there already.
  bool insert(std::uint64_t hash);
  bool contains(std::uint64_t hash) const { return slots_[place(hash)] != 0; }
  std::uint64_t size() const { return size_; }

 private:
  static constexpr std::uint64_t kFirstSlots = 1024;
  // The slot of the hash, or the empty one where it belongs. 0 marks an empty slot, so the hash 0 is stored as 1.
  std::uint64_t place(std::uint64_t hash) const;

  std::vector<std::uint64_t> slots_;  // a power of two, linear probing
  std::uint64_t size_ = 0;
};

}  // namespace matinee
