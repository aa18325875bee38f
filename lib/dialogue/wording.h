#pragma once

#include <string>

#include "lib/dialogue/phrasebook.h"
#include "lib/dialogue/system_act.h"

namespace matinee {

/// A section of the phrasebook in which a system act can be worded, and the values of its slots.
struct WordingRequest {
  std::string section;
  PhraseSlots slots;
};

/// The sections that may word the act: for a recommendation or an explanation one for each reason, strongest first.
std::vector<WordingRequest> possible_wordings(const SystemAct& act, const MovieCatalog& catalog);

/// One phrase for the act, more often than not with its strongest reason.
std::string word_act(const SystemAct& act, const MovieCatalog& catalog, const Phrasebook& phrasebook, Random& random);

}  // namespace matinee
