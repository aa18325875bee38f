#include "lib/tokenizer/piece_cache.h"

namespace matinee {

void ShortPieceTable::clear() {
  buckets_.assign(kFirstBuckets, {});
  mask_ = kFirstBuckets - 1;
  used_ = 0;
  spilled_.clear();
}

void ShortPieceTable::grow() {
  std::vector<Bucket> old(buckets_.size() * 4);
  old.swap(buckets_);
  mask_ = buckets_.size() - 1;
  for (const Bucket& bucket : old) {
    for (const Entry& entry : bucket.entries) {
      if (entry.count == 0) continue;
      Bucket& home = buckets_[entry.key.hash() & mask_];
      home.entries[home.entries[0].count == 0 ? 0 : 1] = entry;
    }
  }
}

void ShortPieceTable::insert(const PieceKey& key, std::uint64_t hash, const std::int32_t* ids, std::size_t count) {
  if (count == 0) return;
  if (spilled_.size() > kMostSpilled) clear();
  if (used_ > buckets_.size() && buckets_.size() < kMostBuckets) grow();
  Entry entry{.key = key, .count = static_cast<std::uint32_t>(count)};
  if (count <= entry.ids.size()) {
    std::memcpy(entry.ids.data(), ids, count * sizeof *ids);
  } else {
    entry.ids[0] = static_cast<std::int32_t>(spilled_.size());
    spilled_.insert(spilled_.end(), ids, ids + count);
  }
  Bucket& bucket = buckets_[hash & mask_];
  if (bucket.entries[0].count != 0) bucket.entries[1] = bucket.entries[0];
  bucket.entries[0] = entry;
  ++used_;
}

void LongPieceTable::clear() {
  slots_.assign(kFirstSlots, {});
  bytes_.clear();
  ids_.clear();
  used_ = 0;
}

std::size_t LongPieceTable::place_of(std::string_view piece, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    const Entry& entry = slots_[i];
    if (entry.size == 0 || (entry.hash == hash && entry.size == piece.size() &&
                            std::memcmp(bytes_.data() + entry.bytes_begin, piece.data(), piece.size()) == 0))
      return i;
  }
}

LongPieceTable::Ids LongPieceTable::find(std::string_view piece, std::uint64_t hash) const {
  const Entry& entry = slots_[place_of(piece, hash)];
  return {ids_.data() + entry.ids_begin, entry.count};
}

void LongPieceTable::insert(std::string_view piece, std::uint64_t hash, const std::int32_t* ids, std::size_t count) {
  if (used_ * 2 >= slots_.size()) {
    if (slots_.size() >= kMostSlots) {
      clear();
    } else {
      std::vector<Entry> old(slots_.size() * 4);
      old.swap(slots_);
      const std::size_t mask = slots_.size() - 1;
      for (const Entry& entry : old) {
        if (entry.size == 0) continue;
        std::size_t i = entry.hash & mask;
        while (slots_[i].size != 0) i = (i + 1) & mask;
        slots_[i] = entry;
      }
    }
  }
  slots_[place_of(piece, hash)] = {.hash = hash,
                                   .bytes_begin = static_cast<std::uint32_t>(bytes_.size()),
                                   .ids_begin = static_cast<std::uint32_t>(ids_.size()),
                                   .size = static_cast<std::uint16_t>(piece.size()),
                                   .count = static_cast<std::uint16_t>(count)};
  bytes_ += piece;
  ids_.insert(ids_.end(), ids, ids + count);
  ++used_;
}

}  // namespace matinee
