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
  std::string owner;       ///< folded without a possessive 's ("nolan" of "Nolan's"), "" where there is none
  std::size_t owner_end;   ///< end of the bytes of `owner`
  bool name_like;          ///< written with a capital that the beginning of a sentence does not explain
  bool capital;            ///< begins with a capital, a digit or a letter outside ASCII
  bool quoted;             ///< between quotation marks or asterisks
};

/// Cuts a text into words. Where all is written in capitals or all words begin with one, capitals say nothing.
std::vector<SentenceWord> sentence_words(std::string_view text);

}  // namespace matinee
