#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lib/base/random.h"

namespace matinee {

/// How a simulated user types: probabilities that hold for a whole turn.
struct TypingHabits {
  double lower_case = 0.15;     ///< no capitals at all
  double lower_start = 0.1;     ///< the first letter is small, the rest as it is
  double open_end = 0.45;       ///< no punctuation at the end
  double exclamation = 0.15;    ///< "!" or "!!" at the end, and between sentences
  double no_apostrophe = 0.12;  ///< "dont", "im"
  double run_on = 0.18;         ///< sentences without a period between them
  double upper_case = 0.01;
  double emoji = 0.03;
  double typing_error = 0.06;  ///< one, in a long word
};

/// Joins sentences as people do: with periods, commas, dashes, or nothing at all. No sentence may be empty.
std::string join_sentences(std::span<const std::string> sentences, const TypingHabits& habits, Random& random);

/// What separates two parts of a run-on sentence: a space, or a comma where a word would be there twice ("it it").
const char* running_on(std::string_view text, std::string_view more);

/// The text as this user types it. `plain`: only capitals at the beginning and punctuation at the end are changed, so
/// that names stay as they are.
std::string type_text(std::string_view text, const TypingHabits& habits, bool plain, Random& random);

}  // namespace matinee
