#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// Words that are dropped from names and texts alike: "Lord of Rings", "Fast & Furious", "Matrix, The". Also usual
/// misspellings of them.
bool is_left_out(std::string_view folded);

/// The form in which a word is compared: number words and Roman numerals are digits ("eleven", "xi": "11"; not "i"),
/// "doctor" is "dr", "versus" is "vs", "fo" is "of"; other words as they are. The result may view `folded`.
std::string_view standard_word(std::string_view folded);

/// "part", "volume" and the like, which people leave out before a number: "Kill Bill 2".
bool is_part_word(std::string_view folded);

/// Only digits.
bool is_number(std::string_view word);

/// The words of a folded name that are compared: standard words without those left out and without part words before a
/// number. All words if none remains ("The The").
std::vector<std::string_view> name_words(std::string_view folded);

/// "seven" of "se7en": digits within a word read as the letters that they look like; "" if there are none.
std::string digits_as_letters(std::string_view folded);

}  // namespace matinee
