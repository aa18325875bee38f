#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lib/dialogue/system_act.h"
#include "lib/wording/phrasebook.h"
#include "lib/wording/said_sentences.h"

namespace matinee {

/// A reply names at most so many movies of a list.
inline constexpr std::size_t kListed = 5;

/// The sections of the phrasebook that word the act, and the values of their slots. A recommendation or an explanation
/// has one for each of its strongest reasons. `preferences`: what is known of the user.
std::vector<PhraseRequest> possible_wordings(const SystemAct& act, const PreferenceState& preferences,
                                             const MovieCatalog& catalog);

/// A random wording of the act, mostly with the strongest reason, without a sentence of `said` where that is possible.
/// Adds its sentences to `said`.
std::string word_act(const SystemAct& act, const PreferenceState& preferences, const MovieCatalog& catalog,
                     const Phrasebook& phrasebook, SaidSentences& said, Random& random);

}  // namespace matinee
