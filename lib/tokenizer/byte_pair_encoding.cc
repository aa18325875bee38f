#include "lib/tokenizer/byte_pair_encoding.h"

#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <future>
#include <optional>

#include "lib/base/format_error.h"
#include "lib/text/unicode.h"
#include "lib/tokenizer/merge_boundaries.h"
#include "lib/tokenizer/merge_scan.h"
#include "lib/tokenizer/merge_table.h"
#include "lib/vocabulary/token_index.h"
#include "lib/vocabulary/token_spelling.h"

namespace matinee {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kLongPart = 64;           // longer parts are merged block after block
constexpr std::ptrdiff_t kMostMergedAnew = 64;  // ids before a block that may be merged again with it
constexpr std::size_t kRoomBehind = 8;          // ShortPieceTable::append may write four ids where fewer count

// True if the definition turns every space into the mark before the merges.
bool replaces_spaces(const TokenizerDefinition& definition) {
  const auto& normalizer = definition.normalizer;
  const bool by_normalizer = std::any_of(normalizer.begin(), normalizer.end(), [](const NormalizerStep& step) {
    return step.kind == NormalizerStep::Kind::kReplace && step.pattern == " " && step.content == kSpaceMark;
  });
  const auto& steps = definition.pre_tokenizer;
  return by_normalizer || (!steps.empty() && steps.back().kind == PreTokenizerStep::Kind::kMetaspace);
}

// Ends of words from `begin` on: each is a run of spaces and what follows up to the next space.
std::size_t cut_at_spaces(std::string_view text, std::size_t readable, std::size_t begin, std::span<std::size_t> ends) {
  const __m128i spaces = _mm_set1_epi8(' ');
  std::size_t count = 0;
  for (std::size_t at = begin; at < text.size() && count < ends.size();) {
    while (at < text.size() && text[at] == ' ') ++at;
    for (;;) {
      if (at + 16 <= readable) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
        const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, spaces)));
        if (found != 0) {
          at += static_cast<std::size_t>(std::countr_zero(found));
          break;
        }
        at += 16;
        if (at >= text.size()) break;
      } else {
        while (at < text.size() && text[at] != ' ') ++at;
        break;
      }
    }
    at = std::min(at, text.size());
    ends[count++] = at;
  }
  return count;
}

}  // namespace

struct BytePairEncoding::Impl {
  const TokenizerDefinition& definition;
  const bool byte_level;
  const bool byte_fallback;
  const bool ignore_merges;
  const bool fuse_unk;
  const std::int32_t unk;
  bool marks_begin_words = false;
  bool spaced_words = false;  // spaces stand for marks in what is merged
  std::size_t longest_token = 0;
  std::vector<bool> added;  // found before the text is split, or plain text
  MergeTable merges;
  TokenIndex index;
  std::optional<MergeBoundaries> boundaries;  // none where a cut could part a run of unknown characters
  std::vector<std::uint16_t> text_sizes;      // where there are boundaries: bytes of a text that each token stands for
  std::array<std::int32_t, 256> of_byte;      // byte-level: the id of each byte; else of <0x..>
  std::array<std::int32_t, 128> of_ascii;     // LLaMA kind: the id of each ASCII character

  explicit Impl(const TokenizerDefinition& definition_in)
      : definition(definition_in),
        byte_level(definition.byte_level),
        byte_fallback(definition.byte_fallback),
        ignore_merges(definition.ignore_merges),
        fuse_unk(definition.fuse_unk),
        unk(definition.unk_token_id),
        index(definition.vocabulary),
        of_byte(definition.byte_tokens) {
    added.resize(definition.vocabulary.size());
    for (const AddedToken& token : definition.added_tokens) added[static_cast<std::size_t>(token.id)] = true;
    // Built in parallel: half of the work, and nothing else needs it.
    std::future<MergeTable> table =
        std::async(loading_policy(definition.merges.size() * 32), [this] { return MergeTable(definition); });
    index_tokens();
    const bool spells_all = (byte_level || byte_fallback) &&
                            std::all_of(of_byte.begin(), of_byte.end(), [](std::int32_t id) { return id >= 0; });
    if (!byte_level && spells_all) marks_begin_words = no_mark_is_behind_a_word();
    spaced_words = marks_begin_words && replaces_spaces(definition);
    if (spaced_words) {
      of_ascii[' '] = index.find(kSpaceMark);
      std::vector<std::string> spaced;
      spaced.reserve(definition.vocabulary.size());
      for (const std::string& token : definition.vocabulary) spaced.push_back(with_spaces(token));
      boundaries.emplace(spaced, definition.defined);
      measure(spaced);
    } else if (spells_all) {
      boundaries.emplace(definition.vocabulary, definition.defined);
      measure(definition.vocabulary);
    }
    merges = table.get();
  }

  void measure(const std::vector<std::string>& spelled) {
    text_sizes.reserve(spelled.size());
    for (const std::string& token : spelled) text_sizes.push_back(static_cast<std::uint16_t>(token.size()));
    if (byte_level) return;
    for (const std::int32_t id : of_byte) text_sizes[static_cast<std::size_t>(id)] = 1;
  }

  void index_tokens() {
    index.reserve(definition.vocabulary.size());
    for (std::size_t id = 0; id < definition.vocabulary.size(); ++id) {
      if (!definition.defined[id]) continue;
      index.insert(static_cast<std::int32_t>(id));
      longest_token = std::max(longest_token, definition.vocabulary[id].size());
    }
    for (std::size_t c = 0; c < of_ascii.size(); ++c) of_ascii[c] = index.find(std::string(1, static_cast<char>(c)));
    if (!byte_level) return;
    for (std::size_t b = 0; b < of_byte.size(); ++b) of_byte[b] = index.find(std::string(1, static_cast<char>(b)));
  }

  // True if no merge makes a token with a mark after anything but marks. Then text can be cut before such marks without
  // changing an id, and words can be cached although this kind has no pre-tokenizer.
  bool no_mark_is_behind_a_word() const {
    if (ignore_merges || index.find(kSpaceMark) < 0) return false;
    for (const std::int32_t id : definition.merged) {
      const std::string_view token = definition.vocabulary[static_cast<std::size_t>(id)];
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

  // The characters (bytes, for the byte-level kind) of a piece as ids, at `out`; returns behind the last.
  std::int32_t* to_symbols(std::string_view piece, std::int32_t* out) const {
    bool unknown_before = false;
    if (byte_level) {
      for (const char c : piece) {
        const std::int32_t id = of_byte[static_cast<unsigned char>(c)];
        if (id < 0 && unk < 0) unknown({&c, 1});
        if (id >= 0 || !(unknown_before && fuse_unk)) *out++ = id >= 0 ? id : unk;
        unknown_before = id < 0;
      }
      return out;
    }
    for (std::size_t position = 0; position < piece.size();) {
      const std::size_t begin = position;
      const auto lead = static_cast<unsigned char>(piece[position]);
      std::int32_t id = -1;
      if (lead < 0x80) {
        id = of_ascii[lead];
        ++position;
      } else {
        decode_utf8(piece, position);
        id = index.find(piece.substr(begin, position - begin));
      }
      if (id >= 0) {
        *out++ = id;
        unknown_before = false;
        continue;
      }
      const std::string_view character = piece.substr(begin, position - begin);
      const auto has_byte = [&](char c) { return of_byte[static_cast<unsigned char>(c)] >= 0; };
      if (byte_fallback && std::all_of(character.begin(), character.end(), has_byte)) {
        for (const char c : character) *out++ = of_byte[static_cast<unsigned char>(c)];
        unknown_before = false;
        continue;
      }
      if (unk < 0) unknown(character);
      if (!(unknown_before && fuse_unk)) *out++ = unk;
      unknown_before = true;
    }
    return out;
  }

  // Many symbols: a heap of candidate merges over a doubly linked list; entries whose pair has changed are stale and
  // skipped.
  void merge_by_heap(PieceCache& cache) const {
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
      if (const auto& entry = look(i); entry.rank != MergeTable::kNoRank)
        heap.push_back(static_cast<std::uint64_t>(entry.rank) << 32 | i);
    std::make_heap(heap.begin(), heap.end(), std::greater<>());
    const auto push = [&](std::uint32_t left) {
      if (const auto& entry = look(left); entry.rank != MergeTable::kNoRank) {
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

  std::int32_t* merge(std::string_view part, PieceCache& cache, std::int32_t* out) const {
    if (part.size() <= MergeScan::kMostSymbols) {
      const auto count = static_cast<std::size_t>(to_symbols(part, out) - out);
      return out + (count < 2 ? count : MergeScan::run(merges, out, count, cache.examined));
    }
    cache.symbols.resize(part.size());
    cache.symbols.resize(static_cast<std::size_t>(to_symbols(part, cache.symbols.data()) - cache.symbols.data()));
    merge_by_heap(cache);
    return std::copy(cache.symbols.begin(), cache.symbols.end(), out);
  }

  // A part that cannot be cut. Where whole pieces are looked up before merging (ignore_merges), a part with the
  // spelling of such a piece may have other ids, so its key differs.
  std::int32_t* encode_part(std::string_view part, std::size_t readable, PieceCache& cache, std::int32_t* out) const {
    std::int32_t* const first = out;
    if (part.size() <= PieceKey::kMostBytes) {
      PieceKey key = PieceKey::of(part, readable);
      if (ignore_merges) key.high |= std::uint64_t{1} << 63;
      const std::uint64_t hash = key.hash();
      if (const auto* entry = cache.short_pieces.find(key, hash)) return cache.short_pieces.append(*entry, out);
      out = merge(part, cache, out);
      cache.short_pieces.insert(key, hash, first, static_cast<std::size_t>(out - first));
      return out;
    }
    if (part.size() > LongPieceTable::kMostBytes) return merge(part, cache, out);
    const std::uint64_t hash = hash_bytes(part);
    if (const auto ids = cache.long_pieces.find(part, hash); ids.count > 0)
      return std::copy_n(ids.first, ids.count, out);
    out = merge(part, cache, out);
    cache.long_pieces.insert(part, hash, first, static_cast<std::size_t>(out - first));
    return out;
  }

  // True if `text`, the joined text of both tokens, merges to these two again.
  bool fits(std::int32_t left, std::int32_t right, std::string_view text, PieceCache& cache) const {
    if (const auto known = cache.neighbors.find(left, right)) return *known;
    cache.window.resize(text.size());
    const std::int32_t* end = merge(text, cache, cache.window.data());
    const bool fit = end == cache.window.data() + 2 && cache.window[0] == left && cache.window[1] == right;
    cache.neighbors.insert(left, right, fit);
    return fit;
  }

  // A long part, block by block. A sequence of ids is the result of merging its text if and only if each pair of
  // neighbors is the result of merging the pair's text: the first merge across a boundary would have the lowest rank in
  // the pair's text, too. So a block's ids are appended if the pair at the boundary passes that test; else more ids
  // before the boundary are merged again together with the block, in the worst case all of them.
  std::int32_t* encode_long(std::string_view part, std::size_t readable, PieceCache& cache,
                            std::int32_t* const first) const {
    std::int32_t* out = first;
    for (std::size_t begin = 0; begin < part.size();) {
      const std::size_t end = block_end(part, begin);
      std::int32_t* const border = out;
      out = encode_part(part.substr(begin, end - begin), readable - begin, cache, border);
      const auto fits_before = [&](const std::int32_t* kept, std::int32_t next, std::size_t start) {
        if (kept == first) return true;
        const std::size_t before = text_sizes[static_cast<std::size_t>(kept[-1])];
        return fits(kept[-1], next, part.substr(start - before, before + text_sizes[static_cast<std::size_t>(next)]),
                    cache);
      };
      std::int32_t* kept = border;
      std::size_t start = begin;
      std::int32_t next = *border;
      for (std::ptrdiff_t back = 1; !fits_before(kept, next, start); back *= 2) {
        if (back > kMostMergedAnew) return merge(part, cache, first);
        for (; border - kept < back && kept > first; --kept) start -= text_sizes[static_cast<std::size_t>(kept[-1])];
        cache.anew.resize(end - start + kRoomBehind);
        std::int32_t* const last =
            encode_part(part.substr(start, end - start), readable - start, cache, cache.anew.data());
        next = cache.anew[0];
        cache.anew.resize(static_cast<std::size_t>(last - cache.anew.data()));
        out = nullptr;
      }
      if (out == nullptr) out = std::copy(cache.anew.begin(), cache.anew.end(), kept);
      begin = end;
    }
    return out;
  }

  // The bytes that are merged by scanning, up to the end of a character.
  static std::size_t block_end(std::string_view part, std::size_t begin) {
    const std::size_t end = begin + MergeScan::kMostSymbols;
    if (end >= part.size()) return part.size();
    const auto continues = [&](std::size_t at) { return (part[at] & 0xC0) == 0x80; };
    for (std::size_t back = 1; continues(end) && back <= 3; ++back)
      if (!continues(end - back)) return end - back;
    return end;
  }

  std::int32_t* encode_parts(std::string_view piece, std::size_t readable, PieceCache& cache, std::int32_t* out) const {
    if (ignore_merges && piece.size() <= longest_token) {
      if (const std::int32_t whole = index.find(piece); whole >= 0 && !added[static_cast<std::size_t>(whole)]) {
        *out = whole;
        return out + 1;
      }
    }
    if (!boundaries) return encode_part(piece, readable, cache, out);
    for (std::size_t begin = 0; begin < piece.size();) {
      const std::size_t end = boundaries->part_end(piece, begin);
      const std::string_view part = piece.substr(begin, end - begin);
      out = part.size() > kLongPart ? encode_long(part, readable - begin, cache, out)
                                    : encode_part(part, readable - begin, cache, out);
      begin = end;
    }
    return out;
  }

  // A short piece that is not cached; its parts may be.
  [[gnu::noinline]] std::int32_t* encode_new(std::string_view piece, std::size_t readable, const PieceKey& key,
                                             std::uint64_t hash, PieceCache& cache, std::int32_t* out) const {
    std::int32_t* const first = out;
    out = encode_parts(piece, readable, cache, out);
    if (cache.short_pieces.find(key, hash) == nullptr)
      cache.short_pieces.insert(key, hash, first, static_cast<std::size_t>(out - first));
    return out;
  }

  // Room for the ids of so many bytes.
  std::int32_t* room(std::size_t bytes, PieceCache& cache) const {
    if (cache.owner != this) {
      cache.short_pieces.clear();
      cache.long_pieces.clear();
      cache.neighbors.clear();
      cache.owner = this;
    }
    if (cache.out.size() < bytes + kRoomBehind) cache.out.resize(bytes + kRoomBehind);
    return cache.out.data();
  }

  void encode_pieces(std::string_view text, std::size_t readable, std::size_t begin, std::span<const std::size_t> ends,
                     PieceCache& cache, std::vector<std::int32_t>& ids) const {
    if (ends.empty()) return;
    std::int32_t* const first = room(ends.back() - begin, cache);
    std::int32_t* out = first;
    struct Keyed {
      PieceKey key;
      std::uint64_t hash;
    };
    std::array<Keyed, kBatch> keyed;
    // All addresses first, so that the entries are prefetched.
    std::size_t start = begin;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (const std::size_t size = ends[i] - start; size <= PieceKey::kMostBytes) {
        keyed[i].key = PieceKey::of(text.substr(start, size), readable - start);
        keyed[i].hash = keyed[i].key.hash();
        cache.short_pieces.prefetch(keyed[i].hash);
      }
      start = ends[i];
    }
    start = begin;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      const std::string_view piece = text.substr(start, ends[i] - start);
      if (piece.size() > PieceKey::kMostBytes) {
        out = encode_parts(piece, readable - start, cache, out);
      } else if (const auto* entry = cache.short_pieces.find(keyed[i].key, keyed[i].hash)) {
        out = cache.short_pieces.append(*entry, out);
      } else {
        out = encode_new(piece, readable - start, keyed[i].key, keyed[i].hash, cache, out);
      }
      start = ends[i];
    }
    ids.insert(ids.end(), first, out);
  }
};

BytePairEncoding::BytePairEncoding(const TokenizerDefinition& definition) : impl_(std::make_unique<Impl>(definition)) {}
BytePairEncoding::BytePairEncoding(BytePairEncoding&&) noexcept = default;
BytePairEncoding& BytePairEncoding::operator=(BytePairEncoding&&) noexcept = default;
BytePairEncoding::~BytePairEncoding() = default;

std::size_t BytePairEncoding::last_word(std::string_view piece) const {
  if (!impl_->marks_begin_words) return 0;
  for (std::size_t at = piece.rfind(kSpaceMark); at != std::string_view::npos && at > 0;
       at = piece.rfind(kSpaceMark, at - 1))
    if (!piece.substr(0, at).ends_with(kSpaceMark)) return at;
  return 0;
}

bool BytePairEncoding::takes_spaced_words() const { return impl_->spaced_words; }

void BytePairEncoding::encode_spaced_words(std::string_view text, std::size_t readable, PieceCache& cache,
                                           std::vector<std::int32_t>& ids) const {
  std::array<std::size_t, kBatch> ends;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t count = cut_at_spaces(text, readable, begin, ends);
    impl_->encode_pieces(text, readable, begin, std::span(ends).first(count), cache, ids);
    begin = ends[count - 1];
  }
}

void BytePairEncoding::encode_pieces(std::string_view text, std::size_t readable, std::size_t begin,
                                     std::span<const std::size_t> ends, PieceCache& cache,
                                     std::vector<std::int32_t>& ids) const {
  while (!ends.empty()) {
    const auto batch = ends.first(std::min(ends.size(), kBatch));
    impl_->encode_pieces(text, readable, begin, batch, cache, ids);
    begin = batch.back();
    ends = ends.subspan(batch.size());
  }
}

void BytePairEncoding::encode(std::string_view piece, PieceCache& cache, std::vector<std::int32_t>& ids) const {
  if (piece.empty()) return;
  if (impl_->spaced_words) {
    const std::string spaced = with_spaces(piece);
    encode_spaced_words(spaced, spaced.size(), cache, ids);
  } else {
    const std::size_t end = piece.size();
    impl_->encode_pieces(piece, piece.size(), 0, {&end, 1}, cache, ids);
  }
}

std::int32_t BytePairEncoding::find(std::string_view bytes) const { return impl_->index.find(bytes); }

}  // namespace matinee
