#pragma once

#include <string>

#include "lib/dialogue/act.h"
#include "lib/dialogue/phrasebook.h"

namespace matinee {

/// The section of the phrasebook in which a system act is worded, and the values of its slots. `choice` picks among the
/// reasons that a recommendation has (0: the strongest).
struct WordingRequest {
  std::string section;
  PhraseSlots slots;
};
WordingRequest wording_of(const SystemAct& act, const MovieCatalog& catalog);

/// The sections that may word the act: the one above and, for a recommendation or an explanation, one for each reason.
std::vector<WordingRequest> possible_wordings(const SystemAct& act, const MovieCatalog& catalog);

/// One phrase for the act.
std::string word_act(const SystemAct& act, const MovieCatalog& catalog, const Phrasebook& phrasebook, Random& random);

}  // namespace matinee
