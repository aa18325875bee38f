#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// Where a piece may be cut before its merges: between two neighboring characters that no token holds side by side,
/// not even in part. A merge over such a place would make such a token, so both sides are merged as if the other were
/// not there. Chinese, which no split pattern cuts into words, falls into parts of one to four characters this way,
/// short enough to be remembered.
///
/// Tokens may begin or end in the middle of a character. What is kept errs on the side of "may not be cut": bits in a
/// table of hashes, of pairs of whole characters and of a whole one beside the nearest byte of a broken one.
class MergeBoundaries {
 public:
  /// Of all tokens for which `defined`.
  MergeBoundaries(const std::vector<std::string>& vocabulary, const std::vector<bool>& defined);

  /// Behind the first part of `piece` that begins at `begin`: the next place to cut at, or piece.size().
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
