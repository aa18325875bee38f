#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "lib/catalog/movie_catalog.h"
#include "lib/catalog/name_phrases.h"
#include "lib/catalog/unknown_titles.h"

namespace matinee {

/// A part of a user's text that may name a movie or a person.
struct Mention {
  MentionKind kind;
  std::int32_t id;         ///< MovieId or PersonId
  std::size_t begin, end;  ///< bytes of the text
  double score;            ///< 1: exact; less for typing errors, partial names and nicknames
  int errors = 0;          ///< typing errors
  bool weak = false;       ///< everyday words, a surname or a misspelling: it may well be no name
};

struct MentionOptions {
  bool expects_person = false;  ///< the text answers the question for an actor or a director
  std::size_t limit = 24;
};

/// Finds movies and people of the catalog that a text may mention: by full name, surname, nickname, or title without
/// article or subtitle, all also with typing errors. It returns candidates; the language model decides between them.
///
/// Calibration: everyday English words (Up, Her, Black) count only if they are written as a name, or after words such
/// as "seen". A surname counts if one well-known person bears most of its fame, or where a person is expected. A
/// typing error is allowed in proportion to the length, in words that are neither English nor names themselves. A
/// number after a title belongs to it: without a movie "Gladiator 2" nothing is found. A year in parentheses must be
/// within one of the movie's.
class MentionFinder {
 public:
  explicit MentionFinder(const MovieCatalog& catalog);
  ~MentionFinder();
  /// Best first; several readings of one place (a movie and a person, movies of one title) all count. At most
  /// `options.limit`. Under a millisecond for a sentence; of a long text the first 400 words count.
  std::vector<Mention> find(std::string_view text, const MentionOptions& options = {}) const;

  /// What looks like a name and is none of `known`, in the order of the text (unknown_titles.h).
  std::vector<UnknownTitle> find_unknown_titles(std::string_view text, std::span<const Mention> known) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
