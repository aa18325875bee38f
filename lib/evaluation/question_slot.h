#pragma once

#include <optional>
#include <string_view>

#include "lib/dialogue/phrasebook.h"
#include "lib/dialogue/preference_state.h"

namespace matinee {

/// The slot that a question is about: the one whose section of the phrasebook lists it, else the one whose words it has
/// most of; nothing where it has none.
std::optional<Slot> slot_of_question(std::string_view text, const Phrasebook& phrasebook);

}  // namespace matinee
