#pragma once

#include <vector>

#include "lib/catalog/name_phrases.h"
#include "lib/catalog/sentence_words.h"

namespace matinee {

struct MisspelledPerson {
  PersonId id;
  std::size_t begin, end;  ///< words of the text
  int errors;
  double score;
};

/// Well-known people of whose name one word is written correctly and the other, which is no word of English and no
/// name, with more errors than SpellingIndex finds: "ryan gnslinag". At most one for each two words.
std::vector<MisspelledPerson> misspelled_people(const std::vector<SentenceWord>& words, const NamePhrases& phrases);

}  // namespace matinee
