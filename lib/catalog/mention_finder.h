#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

enum class MentionKind { kMovie, kPerson };

/// A stretch of a user's text that may name a movie or a person.
struct Mention {
  MentionKind kind;
  std::int32_t id;         ///< MovieId or PersonId
  std::size_t begin, end;  ///< bytes of the text
  double score;            ///< 1: exact; less with typing errors, half names and nicknames
  int errors = 0;          ///< of typing
};

/// Finds in free text which movies and people of the catalog it may be speaking of: full names, surnames, nicknames,
/// titles without article or subtitle, all with typing errors. It says what is possible; the language model decides
/// what is meant. Words of everyday English that are also names (Up, Her, Black) count only when written as a name.
class MentionFinder {
 public:
  explicit MentionFinder(const MovieCatalog& catalog);
  ~MentionFinder();
  /// Best first; at most `limit`. Under a millisecond for a sentence.
  std::vector<Mention> find(std::string_view text, std::size_t limit = 12) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
