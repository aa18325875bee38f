#pragma once

#include <vector>

#include "lib/dialogue/preference_state.h"

namespace matinee {

/// The wishes of `state` that the movie breaks, in the order of Slot, each once; movies that the user knows or dislikes
/// are not considered, nor are words of titles. What the catalog does not know breaks nothing, except an unknown year.
/// Between popular and hidden movies are many that are neither; they break no wish for either.
std::vector<Slot> broken_slots(const MovieCatalog& catalog, const PreferenceState& state, MovieId movie);

/// True if it breaks none: FactSets::meeting(state, UnknownFacts::kMeet) has it.
bool meets(const MovieCatalog& catalog, const PreferenceState& state, MovieId movie);

}  // namespace matinee
