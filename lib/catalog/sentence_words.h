#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// A word of a user's text.
struct SentenceWord {
  std::string folded;
  std::size_t begin, end;  ///< bytes of the text
  std::string owner;       ///< folded without a possessive 's ("nolan" of "Nolan's"), "" if there is none
  std::size_t owner_end;   ///< end of the bytes of `owner`
  bool name_like;          ///< capitalized, and not only because a sentence begins here
  bool capital;            ///< begins with a capital, a digit or a letter outside ASCII
  bool quoted;             ///< between quotation marks or asterisks
  char mark = 0;           ///< punctuation between the previous word and this one, the strongest of . ! ? ; : ( ) , / -
  bool first = false;      ///< begins a sentence
  bool shouted = false;    ///< all capitals in a text that has small letters, too
};

/// Splits a text into words. If all letters are capitals, or all words begin with one, no word is name_like.
std::vector<SentenceWord> sentence_words(std::string_view text);

}  // namespace matinee
