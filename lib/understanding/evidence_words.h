#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/catalog/sentence_words.h"
#include "lib/understanding/mark.h"

namespace matinee {

/// The phrases of lib/understanding/words/evidence.txt and those for genres (lib/catalog/genre_words.h) for one
/// catalog: what each can mean.
class EvidenceWords {
 public:
  /// A genre that the catalog lacks becomes a theme.
  explicit EvidenceWords(const MovieCatalog& catalog);

  /// The longest phrase that begins at word `first`: its mark, without places, and the number of its words; null if
  /// there is none.
  const Mark* match(const std::vector<SentenceWord>& words, std::size_t first, std::size_t& length) const;

 private:
  std::unordered_map<std::string, Mark> phrases_;
  std::unordered_map<std::string, std::size_t> longest_;  // words of the longest phrase, by its first word
};

}  // namespace matinee
