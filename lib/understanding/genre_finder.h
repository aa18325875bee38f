#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/catalog/movie_catalog.h"
#include "lib/catalog/sentence_words.h"
#include "lib/catalog/spelling_index.h"
#include "lib/wording/phrasebook.h"

namespace matinee {

/// A genre that a text mentions, and the bytes of the word for it.
struct GenreMention {
  GenreId genre;
  std::size_t begin, end;
  bool exact;  ///< without typing errors
};

/// Finds genres in free text by words that belong to one genre only ("thriller", "gangsters", "funny"), also with
/// typing errors. The words come from the phrasebook's genre sections and the catalog's genre names, without those that
/// users say about other things. A mention is not a wish: "I hate thrillers" mentions thrillers.
class GenreFinder {
 public:
  GenreFinder(const MovieCatalog& catalog, const Phrasebook& phrasebook);

  /// The mentions in the order of the text, each genre once. A misspelled word counts only if it is closest to one
  /// genre's word and is not an English word itself.
  std::vector<GenreMention> find(std::string_view text) const;
  /// The same of a text's words.
  std::vector<GenreMention> find(std::span<const SentenceWord> words) const;

 private:
  GenreId misspelt(std::string_view folded) const;

  std::unordered_map<SpellingIndex::WordId, GenreId> genre_of_;
  SpellingIndex words_;
};

}  // namespace matinee
