#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// What precedes a stretch of text; determines whether a prefix space (LLaMA's dummy prefix) is added.
enum class TextStart : std::uint8_t {
  kDocument,    ///< nothing
  kAfterToken,  ///< an added or special token of the same text
  kContinued,   ///< other text: no prefix is added
};

/// A text split into pieces, which merges do not cross. The pieces point into `text`: the input itself or `rewritten`.
/// Reusable, so that its buffers grow once.
struct PieceList {
  struct Piece {
    std::size_t begin;
    std::size_t end;
  };
  std::string_view text;
  std::vector<Piece> pieces;
  std::string rewritten;

  std::string_view operator[](std::size_t i) const {
    return text.substr(pieces[i].begin, pieces[i].end - pieces[i].begin);
  }
};

/// The second stage: splits text by the steps of a tokenizer. Patterns of known families are implemented by
/// hand (split_families.h); others run on PCRE2's JIT. Const and thread-safe.
class PreTokenizer {
 public:
  /// Throws Error(kBadData) with PCRE2's reason for a pattern that it cannot run.
  explicit PreTokenizer(const std::vector<PreTokenizerStep>& steps);
  PreTokenizer(PreTokenizer&&) noexcept;
  PreTokenizer& operator=(PreTokenizer&&) noexcept;
  ~PreTokenizer();

  /// Fills `pieces`, which cover the text (as rewritten by Metaspace) except for what a step removes. Takes linear
  /// time, apart from patterns on PCRE2.
  void split(std::string_view text, TextStart start, PieceList& pieces) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
