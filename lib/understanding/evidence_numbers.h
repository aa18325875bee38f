#pragma once

#include <string_view>
#include <vector>

#include "lib/catalog/sentence_words.h"
#include "lib/understanding/mark.h"

namespace matinee {

/// The marks that numbers in a text make: years ("the nineties", "1990-95"), minutes ("1h30", "an hour and a half"),
/// ratings ("rated 8"), ages ("my 8 year old"), counts ("three movies") and places in a list ("the second one").
/// `words` are the sentence_words of `text`, and "the last ten years" are those before `newest`. In the order of the
/// text, without overlaps.
std::vector<Mark> number_marks(std::string_view text, const std::vector<SentenceWord>& words, std::int32_t newest);

}  // namespace matinee
