#include "lib/tokenizer/merge_boundaries.h"

#include <bit>

#include "lib/text/byte_hash.h"
#include "lib/text/unicode.h"

namespace matinee {
namespace {

// The key of a broken character: the byte at the boundary, above all code points and kInvalidByte + byte.
constexpr std::uint32_t kBroken = 0x200000;

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::size_t byte_pair(std::uint8_t last, std::uint8_t first) { return static_cast<std::size_t>(last) << 8 | first; }

std::uint64_t hash_of(std::uint32_t left, std::uint32_t right) {
  return fold_product((static_cast<std::uint64_t>(left) << 32 | right) ^ kHashSalt, kHashSalt2);
}

// The character that ends at `border`, or its last byte if it is incomplete.
std::uint32_t character_before(std::string_view token, std::size_t border) {
  std::size_t begin = border - 1;
  while (begin > 0 && border - begin < 4 && !begins_character(token[begin])) --begin;
  std::size_t position = begin;
  const std::uint32_t c = decode_utf8(token, position);
  return c < kInvalidByte && position == border ? c : kBroken + static_cast<std::uint8_t>(token[border - 1]);
}

std::uint32_t character_behind(std::string_view token, std::size_t border) {
  std::size_t position = border;
  const std::uint32_t c = decode_utf8(token, position);
  return c < kInvalidByte ? c : kBroken + static_cast<std::uint8_t>(token[border]);
}

}  // namespace

MergeBoundaries::MergeBoundaries(const std::vector<std::string>& vocabulary, const std::vector<bool>& defined) {
  std::size_t borders = 0;
  const auto is_wide = [](const std::string& token) {
    for (const char c : token)
      if ((c & 0x80) != 0) return true;
    return false;
  };
  for (std::size_t id = 0; id < vocabulary.size(); ++id)
    if (defined[id] && is_wide(vocabulary[id])) borders += vocabulary[id].size() / 2;
  // Sparse, so that few pairs collide.
  bits_.resize(std::bit_ceil(borders + 64) / 2);
  for (std::size_t id = 0; id < vocabulary.size(); ++id)
    if (defined[id]) add_token(vocabulary[id]);
}

void MergeBoundaries::mark(std::uint32_t left, std::uint32_t right) {
  const std::uint64_t hash = hash_of(left, right);
  bits_[hash >> 6 & (bits_.size() - 1)] |= std::uint64_t{1} << (hash & 63);
}

bool MergeBoundaries::marked(std::uint32_t left, std::uint32_t right) const {
  const std::uint64_t hash = hash_of(left, right);
  return (bits_[hash >> 6 & (bits_.size() - 1)] >> (hash & 63) & 1) != 0;
}

void MergeBoundaries::add_token(std::string_view token) {
  for (std::size_t border = 1; border < token.size(); ++border) {
    if (!begins_character(token[border])) continue;
    const auto last = static_cast<std::uint8_t>(token[border - 1]), first = static_cast<std::uint8_t>(token[border]);
    neighbors_.set(byte_pair(last, first));
    if ((last | first) < 0x80) continue;  // two ASCII characters: the pair of bytes is exact
    const std::uint32_t left = character_before(token, border), right = character_behind(token, border);
    if (left >= kBroken || right >= kBroken) broken_.set(byte_pair(last, first));
    mark(left, right);
  }
}

bool MergeBoundaries::may_join(std::uint32_t left, std::uint32_t right, std::uint8_t last, std::uint8_t first) const {
  if (!neighbors_.test(byte_pair(last, first))) return false;
  if ((last | first) < 0x80) return true;
  if (marked(left, right)) return true;
  if (!broken_.test(byte_pair(last, first))) return false;
  return marked(left, kBroken + first) || marked(kBroken + last, right) || marked(kBroken + last, kBroken + first);
}

std::size_t MergeBoundaries::part_end(std::string_view piece, std::size_t begin) const {
  std::size_t border = begin;
  std::uint32_t left = decode_utf8(piece, border);
  while (border < piece.size()) {
    std::size_t next = border;
    const std::uint32_t right = decode_utf8(piece, next);
    // Invalid bytes are never cut off their neighbors.
    if (left < kInvalidByte && right < kInvalidByte &&
        !may_join(left, right, static_cast<std::uint8_t>(piece[border - 1]), static_cast<std::uint8_t>(piece[border])))
      return border;
    left = right;
    border = next;
  }
  return border;
}

}  // namespace matinee
