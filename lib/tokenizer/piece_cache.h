#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/text/byte_hash.h"

namespace matinee {

/// A piece of 1 to 15 bytes in two words: its bytes, zeros behind them, and its size in the last byte. Equal keys are
/// equal pieces; no piece has the key 0.
struct PieceKey {
  std::uint64_t low = 0, high = 0;

  static constexpr std::size_t kMostBytes = 15;
  /// `readable`: how many bytes may be read from piece.data() on; 16 are read at once where they are there.
  static PieceKey of(std::string_view piece, std::size_t readable);
  std::uint64_t hash() const { return fold_product(low ^ kHashSalt, high ^ kHashSalt2); }
  bool operator==(const PieceKey& other) const { return ((low ^ other.low) | (high ^ other.high)) == 0; }
};

/// Ids of short pieces: buckets of two entries, one cache line each. A full bucket evicts its older entry, so the table
/// is bounded and never rebuilt.
class ShortPieceTable {
 public:
  struct Entry {
    PieceKey key;
    std::array<std::int32_t, 3> ids{};
    std::uint32_t count = 0;  // of more than three, ids[0] is where they begin among `spilled`
  };

  ShortPieceTable() { clear(); }
  void clear();
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&buckets_[hash & mask_]); }
  const Entry* find(const PieceKey& key, std::uint64_t hash) const {
    const Bucket& bucket = buckets_[hash & mask_];
    if (bucket.entries[0].key == key) return &bucket.entries[0];
    return bucket.entries[1].key == key ? &bucket.entries[1] : nullptr;
  }
  /// Requires that the piece is not cached.
  void insert(const PieceKey& key, std::uint64_t hash, const std::int32_t* ids, std::size_t count);
  /// Writes the ids of an entry, always at least four; returns the end of those that count.
  std::int32_t* append(const Entry& entry, std::int32_t* out) const {
    if (entry.count <= entry.ids.size()) [[likely]] {
      std::memcpy(out, entry.ids.data(), 4 * sizeof(std::int32_t));
    } else {
      std::memcpy(out, spilled_.data() + entry.ids[0], entry.count * sizeof(std::int32_t));
    }
    return out + entry.count;
  }

 private:
  struct alignas(64) Bucket {
    std::array<Entry, 2> entries;
  };
  static constexpr std::size_t kFirstBuckets = 128, kMostBuckets = std::size_t{1} << 16;
  static constexpr std::size_t kMostSpilled = std::size_t{1} << 20;
  void grow();

  std::vector<Bucket> buckets_;
  std::size_t mask_ = 0, used_ = 0;
  std::vector<std::int32_t> spilled_;
};

/// Ids of pieces of 16 to 256 bytes; longer ones rarely repeat. Cleared when full.
class LongPieceTable {
 public:
  static constexpr std::size_t kMostBytes = 256;
  struct Ids {
    const std::int32_t* first = nullptr;
    std::size_t count = 0;
  };

  LongPieceTable() { clear(); }
  void clear();
  /// count is 0 if the piece is not cached.
  Ids find(std::string_view piece, std::uint64_t hash) const;
  /// Requires that the piece is not cached.
  void insert(std::string_view piece, std::uint64_t hash, const std::int32_t* ids, std::size_t count);

 private:
  struct Entry {
    std::uint64_t hash = 0;
    std::uint32_t bytes_begin = 0;
    std::uint32_t ids_begin = 0;
    std::uint16_t size = 0;  // 0: an empty slot
    std::uint16_t count = 0;
  };
  static constexpr std::size_t kFirstSlots = 64, kMostSlots = std::size_t{1} << 15;
  std::size_t place_of(std::string_view piece, std::uint64_t hash) const;

  std::vector<Entry> slots_;
  std::string bytes_;
  std::vector<std::int32_t> ids_;
  std::size_t used_ = 0;
};

/// The last answers to whether two tokens may be adjacent.
class NeighborTable {
 public:
  void clear() { slots_.assign(kSlots, {}); }
  std::optional<bool> find(std::int32_t left, std::int32_t right) const {
    const Slot& slot = slots_[place_of(left, right)];
    return slot.left == left && slot.right == right ? std::optional(slot.fit) : std::nullopt;
  }
  void insert(std::int32_t left, std::int32_t right, bool fit) { slots_[place_of(left, right)] = {left, right, fit}; }

 private:
  static constexpr std::size_t kSlots = 1024;
  struct Slot {
    std::int32_t left = -1, right = -1;
    bool fit = false;
  };
  static std::size_t place_of(std::int32_t left, std::int32_t right) {
    return fold_product(static_cast<std::uint64_t>(left) << 32 ^ static_cast<std::uint32_t>(right) ^ kHashSalt,
                        kHashSalt2) %
           kSlots;
  }
  std::vector<Slot> slots_;
};

/// The merge stage's cache of pieces and its scratch memory; one per thread. It never changes a result. At most a few
/// megabytes plus the longest piece.
struct PieceCache {
  ShortPieceTable short_pieces;
  LongPieceTable long_pieces;
  NeighborTable neighbors;
  const void* owner = nullptr;  ///< the encoding whose ids these are

  std::string padded;             ///< a copy of the text with readable padding after it
  std::vector<std::int32_t> out;  ///< ids of a batch of pieces, before they are appended to the caller's

  std::vector<std::int32_t> anew, window;  // of a long piece's blocks

  // Of one piece's merges by heap.
  std::vector<std::int32_t> symbols;
  std::vector<std::uint32_t> previous, next;
  std::vector<std::uint64_t> heap;
  std::uint64_t examined = 0;  ///< pairs looked up so far; tests check its growth

  std::uint64_t pairs_examined() const { return examined; }
};

inline PieceKey PieceKey::of(std::string_view piece, std::size_t readable) {
  // kOnes[16 - size] ... are `size` bytes of ones, then zeros.
  alignas(32) static constexpr std::array<std::uint8_t, 32> kOnes = {255, 255, 255, 255, 255, 255, 255, 255,
                                                                     255, 255, 255, 255, 255, 255, 255, 255};
  PieceKey key;
  const std::size_t size = piece.size();
  if (readable >= 16) [[likely]] {
    std::uint64_t ones[2];
    std::memcpy(&key, piece.data(), 16);
    std::memcpy(ones, kOnes.data() + 16 - size, 16);
    key.low &= ones[0];
    key.high &= ones[1];
  } else {
    std::memcpy(&key, piece.data(), size);
  }
  key.high |= static_cast<std::uint64_t>(size) << 56;
  return key;
}

}  // namespace matinee
