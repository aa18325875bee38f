#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/tokenizer/piece_cache.h"
#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// The third stage: byte pair encoding (Sennrich et al. 2016, arXiv:1508.07909), merges by rank and, at equal rank,
/// from the left. Pieces are cut where no token reaches across (merge_boundaries.h), repeated parts are cached,
/// short ones are merged by scanning and longer ones by a heap over a linked list in O(n log n). Const and thread-safe.
class BytePairEncoding {
 public:
  /// `definition` must outlive it.
  explicit BytePairEncoding(const TokenizerDefinition& definition);
  BytePairEncoding(BytePairEncoding&&) noexcept;
  BytePairEncoding& operator=(BytePairEncoding&&) noexcept;
  ~BytePairEncoding();

  /// Appends the ids of one piece to `ids`. Throws Error(kBadData) for a character that the vocabulary cannot spell (no
  /// such token, no byte token, no unknown token).
  void encode(std::string_view piece, PieceCache& cache, std::vector<std::int32_t>& ids) const;
  /// The same for pieces one after another: from `begin` to ends[0], from there to ends[1] ... `readable`
  /// bytes may be read from text.data() on; padding after the text is ignored but allows reads of whole words.
  void encode_pieces(std::string_view text, std::size_t readable, std::size_t begin, std::span<const std::size_t> ends,
                     PieceCache& cache, std::vector<std::int32_t>& ids) const;

  /// True for the LLaMA kind if spaces become marks and no token has a mark after a word: then text may be passed with
  /// its spaces and cut before each run of them without changing an id.
  bool takes_spaced_words() const;
  /// encode_pieces of such text.
  void encode_spaced_words(std::string_view text, std::size_t readable, PieceCache& cache,
                           std::vector<std::int32_t>& ids) const;

  /// The id that is spelled `bytes` in the vocabulary, -1 if none.
  std::int32_t find(std::string_view bytes) const;
  /// The start of the last part of `piece` that merges cannot join to the text before it, as far as known without
  /// merging: the last word if no token has a space mark after a word, else 0.
  std::size_t last_word(std::string_view piece) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
