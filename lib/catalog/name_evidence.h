#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/catalog/name_phrases.h"
#include "lib/catalog/sentence_words.h"

namespace matinee {

/// Typing errors by which a part of a text differs from a phrase.
struct SpellingErrors {
  int count = 0;
  int words = 0;            ///< misspelled words
  bool english = false;     ///< a misspelled word is an English word as it stands
  bool of_common = false;   ///< an everyday word was meant, "familyt"
  bool known = false;       ///< ... or another word of the catalog's names
  bool at_start = false;    ///< a first letter is wrong
  std::uint32_t where = 0;  ///< bit i: word begin + i
  bool at_end = false;      ///< only the last letter is wrong, missing or added: Amelia, Amelie
};

/// Words [begin, end) of a text that match a phrase.
struct NameMatch {
  std::size_t begin, end;
  NamePhrases::Node node;
  SpellingErrors errors;
  double factor = 1;      ///< below 1 for nicknames and words written apart
  bool owner = false;     ///< without its possessive 's
  char crossed = 0;       ///< strongest punctuation inside
  bool nickname = false;  ///< begins with a nickname for the given name
};

/// What a matched part of a text and its surroundings look like.
struct NameSurface {
  bool inside_longer_name() const { return goes_on_before || goes_on_after; }
  std::size_t letters = 0, counted = 0, content = 0;
  std::size_t telling = 0;                     ///< words without typing errors that are not everyday words
  bool all_common = true, all_english = true;  ///< everyday words; English words
  bool all_words = true;                       ///< English words as they stand, without endings
  bool everyday = false;                       ///< the phrase is one of everyday talk
  bool never_name = false;                     ///< a language, a studio, a foreign greeting ...
  int given_name_bearers = 0;                  ///< people with the one word as given name
  bool given_name = false;                     ///< one word that is a given name
  bool quoted = true, written_as_name = false, capital = false, whole_text = false;
  bool begins_sentence = false;   ///< with a capital
  bool sentence_ends = false;     ///< after it
  bool answer = false;            ///< "no", "yes" and the like
  bool number = false;            ///< a number alone
  bool roman = false;             ///< a Roman numeral alone
  bool genre = false;             ///< one word, a genre of the catalog
  bool after_place_word = false;  ///< "in", "from"
  bool before_capital = false;    ///< a capitalized word follows
  char capital_article = 0;       ///< `article`, if it is capitalized
  bool before_verb = false;       ///< "is", "was" and the like follow
  bool after_indefinite = false;  ///< "my", "some" and the like before it
  char article = 0;               ///< first letter of an article before it
  bool title_cue = false, strong_title_cue = false, person_cue = false;
  bool clause_ends = false;                            ///< nothing that would go on with the phrase follows
  bool followed_by_films = false;                      ///< "movies"
  bool goes_on_before = false, goes_on_after = false;  ///< with capitalized words: part of a longer name
  bool capital_cue = false;                            ///< a word before it that makes a capital a title: "the new It"
  bool after_given_name = false;                       ///< another given name stands before it
  bool before_name = false;                            ///< a word that may be its surname follows
};

/// How sure a match names its target, 0 (it does not) to 1; weak: it may well be no name.
struct NameEvidence {
  double factor = 0;
  bool weak = false;
};

NameSurface describe_surface(const std::vector<SentenceWord>& words, const NameMatch& match,
                             const NamePhrases& phrases);
NameEvidence movie_evidence(const NameTarget& target, const NameMatch& match, const NameSurface& surface);
/// `expects_person`: the text answers the question for an actor or a director.
NameEvidence person_evidence(const NameTarget& target, const NameMatch& match, const NameSurface& surface,
                             const NamePhrases& phrases, bool expects_person);

}  // namespace matinee
