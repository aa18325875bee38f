#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// Movies of one catalog, one bit each: bit m % 64 of word m / 64, which is the form of a filter of cosine_topk. The
/// bits behind the last movie are 0.
class MovieSet {
 public:
  MovieSet() = default;
  /// The empty set over a catalog of `movies` movies.
  explicit MovieSet(std::int32_t movies) : words_((static_cast<std::size_t>(movies) + 63) / 64) {}
  static MovieSet all(std::int32_t movies) {
    MovieSet set(movies);
    std::fill(set.words_.begin(), set.words_.end(), ~std::uint64_t{0});
    if (movies % 64 != 0) set.words_.back() = bit(movies) - 1;
    return set;
  }

  bool contains(MovieId movie) const { return (words_[word(movie)] & bit(movie)) != 0; }
  void insert(MovieId movie) { words_[word(movie)] |= bit(movie); }
  void erase(MovieId movie) { words_[word(movie)] &= ~bit(movie); }
  void erase(std::span<const MovieId> movies) {
    for (const MovieId movie : movies) erase(movie);
  }
  /// Keeps what `other` has, too; both are over one catalog.
  MovieSet& operator&=(const MovieSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
  }
  MovieSet& operator|=(const MovieSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  /// Removes what `other` has.
  MovieSet& operator-=(const MovieSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
    return *this;
  }
  std::int32_t count() const {
    std::int32_t sum = 0;
    for (const std::uint64_t bits : words_) sum += std::popcount(bits);
    return sum;
  }
  /// One more than the last movie; 0 if there is none.
  std::int32_t end() const {
    std::size_t size = words_.size();
    while (size > 0 && words_[size - 1] == 0) --size;
    return size == 0 ? 0 : static_cast<std::int32_t>(size * 64) - std::countl_zero(words_[size - 1]);
  }
  /// Calls `use` for each movie, by ascending id.
  template <class Use>
  void for_each(const Use& use) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t bits = words_[i]; bits != 0; bits &= bits - 1)
        use(static_cast<MovieId>(i * 64 + static_cast<std::size_t>(std::countr_zero(bits))));
    }
  }
  std::span<const std::uint64_t> words() const { return words_; }
  /// For bulk operations, which leave the bits behind the last movie 0.
  std::span<std::uint64_t> words() { return words_; }

  friend bool operator==(const MovieSet&, const MovieSet&) = default;

 private:
  static std::size_t word(MovieId movie) { return static_cast<std::size_t>(movie) / 64; }
  static std::uint64_t bit(MovieId movie) { return std::uint64_t{1} << (movie % 64); }

  std::vector<std::uint64_t> words_;
};

}  // namespace matinee
