#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace matinee {

/// A key that orders the numbers of ids as IMDb's files do: by their texts, which have seven digits or more
/// ("tt1000000", "tt10000000", "tt1000001").
std::uint64_t text_order_key(std::uint32_t id);

/// A set of numbers of tconsts or nconsts: a bit for each in pages of 65,536 numbers, so that a few large numbers cost
/// little. After `seal`, each member has a rank, and any thread may read.
class IdSet {
 public:
  /// Returns false if the set had it.
  bool insert(std::uint32_t id);
  bool contains(std::uint32_t id) const {
    const Page* page = page_of(id);
    return page != nullptr && (page->bits[word(id)] & bit(id)) != 0;
  }
  /// Counts the members, after the last `insert`.
  void seal();
  /// The number of members below `id`, or -1 if it is no member.
  std::int32_t rank(std::uint32_t id) const {
    const Page* page = page_of(id);
    if (page == nullptr) return -1;
    const std::uint64_t bits = page->bits[word(id)];
    if ((bits & bit(id)) == 0) return -1;
    return static_cast<std::int32_t>(page->before[word(id)] + std::popcount(bits & (bit(id) - 1)));
  }
  std::size_t size() const { return size_; }
  /// The number of members that `other` lacks.
  std::int64_t count_missing_in(const IdSet& other) const;

 private:
  struct Page {
    std::array<std::uint64_t, 1024> bits{};
    std::array<std::uint32_t, 1024> before{};  // members below the first of the word; set by seal
  };
  static std::size_t word(std::uint32_t id) { return (id & 0xFFFF) / 64; }
  static std::uint64_t bit(std::uint32_t id) { return std::uint64_t{1} << (id % 64); }
  const Page* page_of(std::uint32_t id) const { return id >> 16 < pages_.size() ? pages_[id >> 16].get() : nullptr; }

  std::vector<std::unique_ptr<Page>> pages_;
  std::size_t size_ = 0;
};

}  // namespace matinee
