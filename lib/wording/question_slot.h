#pragma once

#include <optional>
#include <string_view>

#include "lib/dialogue/preference_state.h"
#include "lib/wording/phrasebook.h"

namespace matinee {

/// The slot whose phrases include the question; nothing if none do.
std::optional<Slot> slot_of_phrase(std::string_view text, const Phrasebook& phrasebook);

/// The slot that a question is about: the one whose phrases include it, else the one with the most of its typical words
/// in the question (the first of several); nothing if there are none.
std::optional<Slot> slot_of_question(std::string_view text, const Phrasebook& phrasebook);

}  // namespace matinee
