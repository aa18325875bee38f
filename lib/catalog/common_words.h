#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace matinee {

/// Words and phrases of everyday English and of talk about films (folded; lib/catalog/words/common_words.txt and
/// function_words.txt). In lower case, such a word alone does not count as a title or a surname.
bool is_common_word(std::string_view folded);

/// Only the function words among them (folded; lib/catalog/words/function_words.txt).
bool is_function_word(std::string_view folded);

/// Common words and more words of English (folded; lib/catalog/words/english_words.txt and spelling_words.txt). None
/// counts as a misspelled name.
bool is_english_word(std::string_view folded);

/// is_english_word of the word or of its stem: "robots", "laughed".
bool is_english_form(std::string_view folded);

/// Words that are no surname and no misspelled name: languages, countries, studios, greetings, everyday words of other
/// languages (folded; lib/catalog/words/never_names.txt).
bool is_never_name(std::string_view folded);

/// The given name that a nickname stands for ("bob" for "robert"), or "" (folded). Several nicknames may share one
/// name; of several names for one nickname it is the first of lib/catalog/words/nicknames.txt.
std::string_view full_given_name(std::string_view nickname);

/// A nickname and its meaning (folded): a given name if that is one word, else a person's full name.
using Nickname = std::pair<std::string_view, std::string_view>;

/// All of lib/catalog/words/nicknames.txt, in its order.
std::span<const Nickname> nicknames();

}  // namespace matinee
