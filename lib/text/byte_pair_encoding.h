#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/text/tokenizer_definition.h"

namespace matinee {

/// The merge stage's memory of pieces seen before, and its scratch; one per thread. What it holds never changes a
/// result. Bounded: it starts anew after some megabytes.
class PieceCache {
 public:
  PieceCache();
  PieceCache(PieceCache&&) noexcept;
  PieceCache& operator=(PieceCache&&) noexcept;
  ~PieceCache();

  struct Impl;
  Impl& impl() { return *impl_; }
  /// Pairs looked up so far: the work done, for tests of its growth.
  std::uint64_t pairs_examined() const;

 private:
  std::unique_ptr<Impl> impl_;
};

/// The third stage: byte pair encoding (Sennrich et al. 2016, arXiv:1508.07909), merges by rank and, at equal rank,
/// from the left. Short pieces are scanned; longer ones use a heap over a linked list, O(n log n). Const and
/// thread-safe.
class BytePairEncoding {
 public:
  explicit BytePairEncoding(const TokenizerDefinition& definition);
  BytePairEncoding(BytePairEncoding&&) noexcept;
  BytePairEncoding& operator=(BytePairEncoding&&) noexcept;
  ~BytePairEncoding();

  /// Appends the ids of one piece to `ids`; `readable` is how many bytes may be read from the piece's first on (those
  /// behind it do not count, but reading whole words is faster). Throws Error(kBadData) for a character that the
  /// vocabulary cannot spell (no such token, no byte token, no unknown token).
  void encode(std::string_view piece, std::size_t readable, PieceCache& cache, std::vector<std::int32_t>& ids) const;
  void encode(std::string_view piece, PieceCache& cache, std::vector<std::int32_t>& ids) const {
    encode(piece, piece.size(), cache, ids);
  }

  /// The id that is spelled `bytes` in the vocabulary, -1 if none.
  std::int32_t find(std::string_view bytes) const;
  /// Where the last part of `piece` begins that no merge joins to what is before it, as far as that is known without
  /// merging: 0, or the last word of a vocabulary whose tokens never hold a space mark behind a word.
  std::size_t last_word(std::string_view piece) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
