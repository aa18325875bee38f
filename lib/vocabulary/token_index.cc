#include "lib/vocabulary/token_index.h"

#include <bit>
#include <utility>

#include "lib/text/byte_hash.h"

namespace matinee {

namespace {

std::uint8_t tag_of(std::uint64_t hash) { return static_cast<std::uint8_t>(hash >> 56 | 1); }

}  // namespace

std::size_t TokenIndex::place_of(std::string_view token, std::uint64_t hash) const {
  const std::size_t mask = tags_.size() - 1;
  const std::uint8_t tag = tag_of(hash);
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    if (tags_[i] == 0) return i;
    if (tags_[i] == tag && (*vocabulary_)[static_cast<std::size_t>(ids_[i])] == token) return i;
  }
}

void TokenIndex::grow(std::size_t slots) {
  const std::vector<std::int32_t> old = std::move(ids_);
  tags_.assign(slots, 0);
  ids_.assign(slots, -1);
  for (const std::int32_t id : old) {
    if (id < 0) continue;
    const std::string& token = (*vocabulary_)[static_cast<std::size_t>(id)];
    const std::uint64_t hash = hash_bytes(token);
    const std::size_t place = place_of(token, hash);
    tags_[place] = tag_of(hash);
    ids_[place] = id;
  }
}

void TokenIndex::reserve(std::size_t tokens) {
  if (tokens * 2 > ids_.size()) grow(std::bit_ceil(tokens * 2));
}

bool TokenIndex::insert(std::int32_t id) {
  if ((size_ + 1) * 2 > ids_.size()) grow(ids_.size() * 4);
  const std::string& token = (*vocabulary_)[static_cast<std::size_t>(id)];
  const std::uint64_t hash = hash_bytes(token);
  const std::size_t place = place_of(token, hash);
  if (tags_[place] != 0) return false;
  tags_[place] = tag_of(hash);
  ids_[place] = id;
  ++size_;
  return true;
}

std::int32_t TokenIndex::find(std::string_view token) const { return ids_[place_of(token, hash_bytes(token))]; }

}  // namespace matinee
