#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// What is before a stretch of text; decides where prefix spaces (LLaMA's dummy prefix) go.
enum class TextStart : std::uint8_t {
  kDocument,    ///< nothing
  kAfterToken,  ///< an added or special token of the same text
  kContinued,   ///< other text: no prefix is added
};

/// A text cut into pieces, none of which a merge may cross. `text` is what the pieces point into: the input itself or
/// `rewritten`. Reusable, so that its buffers grow once.
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

/// The second stage: splits text by the steps of a tokenizer. Patterns of known families are coded by hand
/// (split_families.h); any other runs on PCRE2's JIT. Const and thread-safe.
class PreTokenizer {
 public:
  /// Throws Error(kBadData) with PCRE2's reason for a pattern that it cannot run.
  explicit PreTokenizer(const std::vector<PreTokenizerStep>& steps);
  PreTokenizer(PreTokenizer&&) noexcept;
  PreTokenizer& operator=(PreTokenizer&&) noexcept;
  ~PreTokenizer();

  /// Fills `pieces`; they cover the text (rewritten by Metaspace) but for what a step removes. Linear in the text for
  /// every step coded by hand.
  void split(std::string_view text, TextStart start, PieceList& pieces) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
