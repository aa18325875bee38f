#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/catalog/sentence_words.h"

namespace matinee {

/// A part of a text that looks like the name of a movie or person.
struct UnknownTitle {
  std::size_t begin, end;  ///< bytes of the text, without quotation marks and the year
  std::int32_t year = -1;  ///< "(2019)" after it
  bool person = false;     ///< "with", "by", "starring" and the like stand before it
};

/// Parts of a text that look like names and overlap none of `known` (bytes): in quotation marks; before a year in
/// parentheses; and in a text with ordinary capitals, capitalized words that do not begin a sentence, of which one is
/// not English or "seen", "loved" and the like stand before them. `is_given_name` (folded): such a word alone is no
/// title. In texts without small or without capital letters only quotation marks and years count.
std::vector<UnknownTitle> unknown_titles(std::string_view text, const std::vector<SentenceWord>& words,
                                         std::span<const std::pair<std::size_t, std::size_t>> known,
                                         const std::function<bool(std::string_view)>& is_given_name);

}  // namespace matinee
