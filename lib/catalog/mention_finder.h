#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

enum class MentionKind { kMovie, kPerson };

/// A part of a user's text that may name a movie or a person.
struct Mention {
  MentionKind kind;
  std::int32_t id;         ///< MovieId or PersonId
  std::size_t begin, end;  ///< bytes of the text
  double score;            ///< 1: exact; less for typing errors, partial names and nicknames
  int errors = 0;          ///< typing errors
};

/// Finds movies and people of the catalog that a text may mention: by full name, surname, nickname, or title without
/// article or subtitle, all also with typing errors. It returns candidates; the language model decides between them.
/// Everyday English words that are also names (Up, Her, Black) count only if they are written as a name.
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
