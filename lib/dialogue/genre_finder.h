#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/catalog/movie_catalog.h"
#include "lib/catalog/spelling_index.h"
#include "lib/dialogue/phrasebook.h"

namespace matinee {

/// A genre that a text may speak of, and the bytes of the word that says so.
struct GenreMention {
  GenreId genre;
  std::size_t begin, end;
  bool exact;  ///< without typing errors
};

/// Finds genres in free text by the words that speak for one genre only ("thriller", "gangsters", "funny"), typing
/// errors allowed. The words are those of the phrasebook's genres and the catalog's own names of them, less what
/// users also say about other things. What it finds is possible, not meant: "I hate thrillers" speaks of thrillers,
/// too.
class GenreFinder {
 public:
  GenreFinder(const MovieCatalog& catalog, const Phrasebook& phrasebook);

  /// In the order of the text, each genre once. A word with typing errors that is as near to another genre's word, or
  /// is an English word itself, means none.
  std::vector<GenreMention> find(std::string_view text) const;

 private:
  GenreId misspelt(std::string_view folded) const;

  std::unordered_map<SpellingIndex::WordId, GenreId> genre_of_;
  SpellingIndex words_;
};

}  // namespace matinee
