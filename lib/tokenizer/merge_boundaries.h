#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// Records which adjacent characters occur inside any token. Between two others a piece can be cut before its merges: a
/// merge across the cut would produce a token that contains the pair, so both sides merge independently. This splits
/// Chinese text, which has no spaces, into parts of one to four characters, short enough to be cached.
///
/// Tokens may begin or end in the middle of a character; then the nearest byte stands for the character. The pairs are
/// stored as bits in a hash table, so collisions can only forbid a cut, never allow a wrong one.
class MergeBoundaries {
 public:
  /// From all tokens with `defined`.
  MergeBoundaries(const std::vector<std::string>& vocabulary, const std::vector<bool>& defined);

  /// The end of the part of `piece` that begins at `begin`: the next place to cut, or piece.size().
  std::size_t part_end(std::string_view piece, std::size_t begin) const;

 private:
  void add_token(std::string_view token);
  void mark(std::uint32_t left, std::uint32_t right);
  bool marked(std::uint32_t left, std::uint32_t right) const;
  bool may_join(std::uint32_t left, std::uint32_t right, std::uint8_t last_byte, std::uint8_t first_byte) const;

  std::bitset<65536> neighbors_;  // bytes side by side at a border of characters: last of one, first of the next
  std::bitset<65536> broken_;     // those among them where one of both characters is not whole
  std::vector<std::uint64_t> bits_;
};

}  // namespace matinee
