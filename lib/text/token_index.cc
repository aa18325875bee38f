#include "lib/text/token_index.h"

#include <bit>

#include "lib/text/byte_hash.h"

namespace matinee {

std::size_t TokenIndex::place_of(std::string_view token, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.id < 0) return i;
    if (slot.hash == hash >> 32 && (*vocabulary_)[static_cast<std::size_t>(slot.id)] == token) return i;
  }
}

void TokenIndex::grow(std::size_t slots) {
  std::vector<Slot> old(slots);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.id < 0) continue;
    std::size_t i = hash_bytes((*vocabulary_)[static_cast<std::size_t>(slot.id)]) & mask;
    while (slots_[i].id >= 0) i = (i + 1) & mask;
    slots_[i] = slot;
  }
}

void TokenIndex::reserve(std::size_t tokens) {
  if (tokens * 2 > slots_.size()) grow(std::bit_ceil(tokens * 2));
}

bool TokenIndex::insert(std::int32_t id) {
  if ((size_ + 1) * 2 > slots_.size()) grow(slots_.size() * 4);
  const std::string& token = (*vocabulary_)[static_cast<std::size_t>(id)];
  const std::uint64_t hash = hash_bytes(token);
  Slot& slot = slots_[place_of(token, hash)];
  if (slot.id >= 0) return false;
  slot = {static_cast<std::uint32_t>(hash >> 32), id};
  ++size_;
  return true;
}

std::int32_t TokenIndex::find(std::string_view token) const { return slots_[place_of(token, hash_bytes(token))].id; }

}  // namespace matinee
