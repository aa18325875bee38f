#include "lib/text/byte_pair_encoding.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <unordered_map>

#include "lib/base/format_error.h"
#include "lib/text/token_spelling.h"
#include "lib/text/utf8.h"

namespace matinee {
namespace {

constexpr std::uint32_t kNoRank = 0xffffffffu;
constexpr std::size_t kScanLimit = 24;    // up to here scanning all pairs beats a heap
constexpr std::size_t kShortPiece = 16;   // fits into two words
constexpr std::size_t kCachedPiece = 64;  // longer pieces rarely come back

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = (a ^ (b >> 29)) * (b | 1);
  product ^= product >> 32;
  product *= 0xd6e8feb86659fd93ULL;
  return product ^ product >> 32;
}

// A piece of up to 16 bytes as two words, zeros behind it. Two pieces that differ in such zeros only differ in size.
struct ShortKey {
  std::uint64_t low = 0, high = 0;
};

ShortKey short_key(std::string_view piece, std::size_t readable) {
  ShortKey key;
  const std::size_t size = piece.size();
  if (readable >= 16) {
    std::memcpy(&key.low, piece.data(), 8);
    if (size < 8) {
      key.low &= (std::uint64_t{1} << 8 * size) - 1;
      return key;
    }
    std::memcpy(&key.high, piece.data() + 8, 8);
    if (size < 16) key.high &= (std::uint64_t{1} << 8 * (size - 8)) - 1;
    return key;
  }
  char bytes[16] = {};
  std::memcpy(bytes, piece.data(), size);
  std::memcpy(&key.low, bytes, 8);
  std::memcpy(&key.high, bytes + 8, 8);
  return key;
}

// In memory only, so its values may depend on the machine.
std::uint64_t hash_of(const ShortKey& key, std::size_t size) {
  return mix(key.low ^ size, 0xa0761d6478bd642fULL) ^ mix(key.high, 0xe7037ed1a0b428dbULL);
}

std::uint64_t hash_of(std::string_view piece) {
  std::uint64_t state = 0x9e3779b97f4a7c15ULL ^ piece.size();
  while (piece.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, piece.data(), 8);
    state = mix(state ^ word, 0xa0761d6478bd642fULL);
    piece.remove_prefix(8);
  }
  std::uint64_t word = 0;
  std::memcpy(&word, piece.data(), piece.size());
  return mix(state ^ word, 0xe7037ed1a0b428dbULL);
}

// left, right -> rank and merged id; open addressing, at most half full.
class MergeTable {
 public:
  struct Entry {
    std::uint64_t key = ~std::uint64_t{0};
    std::uint32_t rank = kNoRank;
    std::int32_t merged = -1;
  };

  explicit MergeTable(const TokenizerDefinition& definition) {
    slots_.resize(std::bit_ceil(definition.merges.size() * 2 + 2));
    for (std::size_t i = 0; i < definition.merges.size(); ++i) {
      const auto [left, right] = definition.merges[i];
      const std::uint32_t rank =
          definition.merge_ranks.empty() ? static_cast<std::uint32_t>(i) : definition.merge_ranks[i];
      // A pair listed twice has its last rank, as in Hugging Face's map.
      slots_[slot(key_of(left, right))] = {key_of(left, right), rank, definition.merged[i]};
    }
  }
  const Entry& find(std::int32_t left, std::int32_t right) const { return slots_[slot(key_of(left, right))]; }

 private:
  static std::uint64_t key_of(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
  }
  std::size_t slot(std::uint64_t key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = mix(key, 0x9e3779b97f4a7c15ULL) & mask;
    while (slots_[i].key != key && slots_[i].key != ~std::uint64_t{0}) i = (i + 1) & mask;
    return i;
  }
  std::vector<Entry> slots_;
};

}  // namespace

struct PieceCache::Impl {
  // Nearly all pieces are short: their bytes stand in the slot, and so does the id where there is one only.
  struct ShortEntry {
    ShortKey key;
    std::int32_t first_id = 0;
    std::uint32_t ids_begin = 0;
    std::uint16_t ids_size = 0;
    std::uint8_t size = 0;  // 0: an empty slot
  };
  struct LongEntry {
    std::uint64_t hash = 0;
    std::uint32_t key_begin = 0;
    std::uint32_t ids_begin = 0;
    std::uint16_t size = 0;  // 0: an empty slot
    std::uint16_t ids_size = 0;
  };
  static constexpr std::size_t kFirstSlots = 256;
  static constexpr std::size_t kMostSlots = std::size_t{1} << 16;

  std::vector<ShortEntry> short_slots;
  std::vector<LongEntry> long_slots;
  std::string keys;
  std::vector<std::int32_t> ids;
  std::size_t short_used = 0, long_used = 0;
  const void* owner = nullptr;  // the encoding whose ids these are

  // Scratch of one piece's merges.
  std::vector<std::int32_t> symbols;
  std::vector<std::uint32_t> ranks;
  std::vector<std::int32_t> merged;
  std::vector<std::uint32_t> previous, next;
  std::vector<std::uint64_t> heap;
  std::uint64_t examined = 0;

  void clear() {
    short_slots.assign(kFirstSlots, {});
    long_slots.assign(kFirstSlots, {});
    keys.clear();
    ids.clear();
    short_used = long_used = 0;
  }

  static std::uint64_t hash_in(const ShortEntry& entry) { return hash_of(entry.key, entry.size); }
  static std::uint64_t hash_in(const LongEntry& entry) { return entry.hash; }

  // Small at first, so that a cache for one short text costs little.
  template <class Entry>
  void make_room(std::vector<Entry>& slots, std::size_t used) {
    if (used * 2 < slots.size()) return;
    if (slots.size() >= kMostSlots) {
      clear();
      return;
    }
    std::vector<Entry> old(slots.size() * 4);
    old.swap(slots);
    for (const Entry& entry : old) {
      if (entry.size == 0) continue;
      std::size_t i = hash_in(entry) & (slots.size() - 1);
      while (slots[i].size != 0) i = (i + 1) & (slots.size() - 1);
      slots[i] = entry;
    }
  }
  // The entry of a piece, or the empty slot where it belongs.
  ShortEntry& find(const ShortKey& key, std::size_t size) {
    const std::size_t mask = short_slots.size() - 1;
    for (std::size_t i = hash_of(key, size) & mask;; i = (i + 1) & mask) {
      ShortEntry& entry = short_slots[i];
      if (entry.size == 0 || (entry.key.low == key.low && entry.key.high == key.high && entry.size == size))
        return entry;
    }
  }
  LongEntry& find(std::uint64_t hash, std::string_view piece) {
    const std::size_t mask = long_slots.size() - 1;
    for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
      LongEntry& entry = long_slots[i];
      if (entry.size == 0 || (entry.hash == hash && entry.size == piece.size() &&
                              std::memcmp(keys.data() + entry.key_begin, piece.data(), piece.size()) == 0))
        return entry;
    }
  }
};

PieceCache::PieceCache() : impl_(std::make_unique<Impl>()) {}
PieceCache::PieceCache(PieceCache&&) noexcept = default;
PieceCache& PieceCache::operator=(PieceCache&&) noexcept = default;
PieceCache::~PieceCache() = default;
std::uint64_t PieceCache::pairs_examined() const { return impl_->examined; }

struct BytePairEncoding::Impl {
  const bool byte_level;
  const bool byte_fallback;
  const bool ignore_merges;
  const bool fuse_unk;
  const std::int32_t unk;
  bool splits_at_mark = false;
  MergeTable merges;
  std::vector<std::string> vocabulary;  // the map's keys point into it
  std::unordered_map<std::string_view, std::int32_t> ids;
  std::array<std::int32_t, 256> of_byte;   // byte-level: the id of each byte; else of <0x..>
  std::array<std::int32_t, 128> of_ascii;  // LLaMA kind: the id of each ASCII character

  explicit Impl(const TokenizerDefinition& definition)
      : byte_level(definition.byte_level),
        byte_fallback(definition.byte_fallback),
        ignore_merges(definition.ignore_merges),
        fuse_unk(definition.fuse_unk),
        unk(definition.unk_token_id),
        merges(definition),
        vocabulary(definition.vocabulary),
        of_byte(definition.byte_tokens) {
    ids.reserve(vocabulary.size() * 2);
    for (std::size_t id = 0; id < vocabulary.size(); ++id)
      if (definition.defined[id]) ids.emplace(vocabulary[id], static_cast<std::int32_t>(id));
    for (std::size_t c = 0; c < of_ascii.size(); ++c) of_ascii[c] = find(std::string(1, static_cast<char>(c)));
    if (byte_level) {
      for (std::size_t b = 0; b < of_byte.size(); ++b) of_byte[b] = find(std::string(1, static_cast<char>(b)));
    } else {
      splits_at_mark = marks_begin_words(definition);
    }
  }

  std::int32_t find(std::string_view bytes) const {
    const auto found = ids.find(bytes);
    return found == ids.end() ? -1 : found->second;
  }

  // True where no merge makes a token with a mark behind anything but marks. Then text may be cut before each such mark
  // without changing a single id, and words can be cached although this kind does not pre-tokenize.
  bool marks_begin_words(const TokenizerDefinition& definition) const {
    if (ignore_merges || find(kSpaceMark) < 0) return false;
    for (const std::int32_t b : of_byte)
      if (b < 0) return false;
    for (const std::int32_t id : definition.merged) {
      const std::string_view token = vocabulary[static_cast<std::size_t>(id)];
      for (std::size_t at = token.find(kSpaceMark, 1); at != std::string_view::npos;
           at = token.find(kSpaceMark, at + 1))
        if (!token.substr(0, at).ends_with(kSpaceMark)) return false;
    }
    return true;
  }

  void unknown(std::string_view character) const {
    std::string shown;
    for (const char c : character) shown += fmt::format("{:02X}", static_cast<unsigned char>(c));
    throw bad_data("the vocabulary has no token for the bytes {} and no unknown token", shown);
  }

  // The characters (bytes, for the byte-level kind) of a piece as ids.
  void to_symbols(std::string_view piece, std::vector<std::int32_t>& symbols) const {
    symbols.clear();
    if (byte_level) {
      bool unknown_before = false;
      for (const char c : piece) {
        const std::int32_t id = of_byte[static_cast<unsigned char>(c)];
        if (id < 0 && unk < 0) unknown({&c, 1});
        if (id >= 0 || !(unknown_before && fuse_unk)) symbols.push_back(id >= 0 ? id : unk);
        unknown_before = id < 0;
      }
      return;
    }
    bool unknown_before = false;
    for (std::size_t position = 0; position < piece.size();) {
      const std::size_t begin = position;
      const auto lead = static_cast<unsigned char>(piece[position]);
      std::int32_t id = -1;
      if (lead < 0x80) {
        id = of_ascii[lead];
        ++position;
      } else {
        decode_utf8(piece, position);
        id = find(piece.substr(begin, position - begin));
      }
      if (id >= 0) {
        symbols.push_back(id);
        unknown_before = false;
        continue;
      }
      const std::string_view character = piece.substr(begin, position - begin);
      const auto has_byte = [&](char c) { return of_byte[static_cast<unsigned char>(c)] >= 0; };
      if (byte_fallback && std::all_of(character.begin(), character.end(), has_byte)) {
        for (const char c : character) symbols.push_back(of_byte[static_cast<unsigned char>(c)]);
        unknown_before = false;
        continue;
      }
      if (unk < 0) unknown(character);
      if (!(unknown_before && fuse_unk)) symbols.push_back(unk);
      unknown_before = true;
    }
  }

  // Few symbols: look at all pairs, merge the best, again.
  void merge_by_scan(PieceCache::Impl& cache) const {
    auto& symbols = cache.symbols;
    auto& ranks = cache.ranks;
    auto& merged = cache.merged;
    const std::size_t pairs = symbols.size() - 1;
    ranks.resize(pairs);
    merged.resize(pairs);
    const auto look = [&](std::size_t i) {
      const MergeTable::Entry& entry = merges.find(symbols[i], symbols[i + 1]);
      ranks[i] = entry.rank;
      merged[i] = entry.merged;
      ++cache.examined;
    };
    for (std::size_t i = 0; i < pairs; ++i) look(i);
    while (!ranks.empty()) {
      const auto best = std::min_element(ranks.begin(), ranks.end());
      if (*best == kNoRank) return;
      const auto i = best - ranks.begin();
      symbols[static_cast<std::size_t>(i)] = merged[static_cast<std::size_t>(i)];
      symbols.erase(symbols.begin() + i + 1);
      ranks.erase(ranks.begin() + i);
      merged.erase(merged.begin() + i);
      if (static_cast<std::size_t>(i) < ranks.size()) look(static_cast<std::size_t>(i));
      if (i > 0) look(static_cast<std::size_t>(i) - 1);
    }
  }

  // Many symbols: a heap of candidate merges over a doubly linked list; an entry whose pair has changed since is stale
  // and dropped when it comes up.
  void merge_by_heap(PieceCache::Impl& cache) const {
    auto& symbols = cache.symbols;
    auto& heap = cache.heap;
    const auto count = static_cast<std::uint32_t>(symbols.size());
    cache.previous.resize(count);
    cache.next.resize(count);
    heap.clear();
    const auto look = [&](std::uint32_t left) -> const MergeTable::Entry& {
      ++cache.examined;
      return merges.find(symbols[left], symbols[cache.next[left]]);
    };
    for (std::uint32_t i = 0; i < count; ++i) {
      cache.previous[i] = i - 1;  // wraps to a number >= count: none
      cache.next[i] = i + 1;
    }
    for (std::uint32_t i = 0; i + 1 < count; ++i)
      if (const auto& entry = look(i); entry.rank != kNoRank)
        heap.push_back(static_cast<std::uint64_t>(entry.rank) << 32 | i);
    std::make_heap(heap.begin(), heap.end(), std::greater<>());
    const auto push = [&](std::uint32_t left) {
      if (const auto& entry = look(left); entry.rank != kNoRank) {
        heap.push_back(static_cast<std::uint64_t>(entry.rank) << 32 | left);
        std::push_heap(heap.begin(), heap.end(), std::greater<>());
      }
    };
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end(), std::greater<>());
      const std::uint64_t top = heap.back();
      heap.pop_back();
      const auto left = static_cast<std::uint32_t>(top);
      if (symbols[left] < 0 || cache.next[left] >= count) continue;
      const MergeTable::Entry& entry = look(left);
      if (entry.rank != top >> 32) continue;
      const std::uint32_t right = cache.next[left];
      symbols[left] = entry.merged;
      symbols[right] = -1;  // gone
      cache.next[left] = cache.next[right];
      if (cache.next[left] < count) {
        cache.previous[cache.next[left]] = left;
        push(left);
      }
      if (cache.previous[left] < count) push(cache.previous[left]);
    }
    std::erase(symbols, -1);
  }

  void merge(std::string_view piece, PieceCache::Impl& cache) const {
    if (ignore_merges) {
      if (const std::int32_t whole = find(piece); whole >= 0) {
        cache.symbols.assign(1, whole);
        return;
      }
    }
    to_symbols(piece, cache.symbols);
    if (cache.symbols.size() < 2) return;
    if (cache.symbols.size() <= kScanLimit) {
      merge_by_scan(cache);
    } else {
      merge_by_heap(cache);
    }
  }

  void encode_word(std::string_view word, std::size_t readable, PieceCache::Impl& cache,
                   std::vector<std::int32_t>& out) const {
    if (cache.owner != this) {
      cache.clear();
      cache.owner = this;
    }
    if (word.size() <= kShortPiece) {
      const ShortKey key = short_key(word, readable);
      PieceCache::Impl::ShortEntry* entry = &cache.find(key, word.size());
      if (entry->size == 0) {
        merge(word, cache);
        cache.make_room(cache.short_slots, cache.short_used);
        entry = &cache.find(key, word.size());
        *entry = {key, cache.symbols.empty() ? -1 : cache.symbols.front(), static_cast<std::uint32_t>(cache.ids.size()),
                  static_cast<std::uint16_t>(cache.symbols.size()), static_cast<std::uint8_t>(word.size())};
        cache.ids.insert(cache.ids.end(), cache.symbols.begin(), cache.symbols.end());
        ++cache.short_used;
      }
      if (entry->ids_size == 1) {
        out.push_back(entry->first_id);
      } else {
        const auto first = cache.ids.begin() + entry->ids_begin;
        out.insert(out.end(), first, first + entry->ids_size);
      }
      return;
    }
    if (word.size() > kCachedPiece) {
      merge(word, cache);
      out.insert(out.end(), cache.symbols.begin(), cache.symbols.end());
      return;
    }
    const std::uint64_t hash = hash_of(word);
    PieceCache::Impl::LongEntry* entry = &cache.find(hash, word);
    if (entry->size == 0) {
      merge(word, cache);
      cache.make_room(cache.long_slots, cache.long_used);
      entry = &cache.find(hash, word);
      *entry = {hash, static_cast<std::uint32_t>(cache.keys.size()), static_cast<std::uint32_t>(cache.ids.size()),
                static_cast<std::uint16_t>(word.size()), static_cast<std::uint16_t>(cache.symbols.size())};
      cache.keys += word;
      cache.ids.insert(cache.ids.end(), cache.symbols.begin(), cache.symbols.end());
      ++cache.long_used;
    }
    const auto first = cache.ids.begin() + entry->ids_begin;
    out.insert(out.end(), first, first + entry->ids_size);
  }
};

BytePairEncoding::BytePairEncoding(const TokenizerDefinition& definition) : impl_(std::make_unique<Impl>(definition)) {}
BytePairEncoding::BytePairEncoding(BytePairEncoding&&) noexcept = default;
BytePairEncoding& BytePairEncoding::operator=(BytePairEncoding&&) noexcept = default;
BytePairEncoding::~BytePairEncoding() = default;

std::size_t BytePairEncoding::last_word(std::string_view piece) const {
  if (!impl_->splits_at_mark) return 0;
  for (std::size_t at = piece.rfind(kSpaceMark); at != std::string_view::npos && at > 0;
       at = piece.rfind(kSpaceMark, at - 1))
    if (!piece.substr(0, at).ends_with(kSpaceMark)) return at;
  return 0;
}

void BytePairEncoding::encode(std::string_view piece, std::size_t readable, PieceCache& cache,
                              std::vector<std::int32_t>& ids) const {
  if (piece.empty()) return;
  PieceCache::Impl& memory = cache.impl();
  if (!impl_->splits_at_mark) {
    impl_->encode_word(piece, readable, memory, ids);
    return;
  }
  std::size_t open = 0;
  for (std::size_t at = piece.find(kSpaceMark); at != std::string_view::npos;
       at = piece.find(kSpaceMark, at + kSpaceMark.size())) {
    if (at == open || piece.substr(0, at).ends_with(kSpaceMark)) continue;
    impl_->encode_word(piece.substr(open, at - open), readable - open, memory, ids);
    open = at;
  }
  impl_->encode_word(piece.substr(open), readable - open, memory, ids);
}

std::int32_t BytePairEncoding::find(std::string_view bytes) const { return impl_->find(bytes); }

}  // namespace matinee
