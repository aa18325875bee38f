#pragma once

#include <string>

#include "lib/dialogue/phrasebook.h"
#include "lib/dialogue/system_act.h"

namespace matinee {

/// A section of the phrasebook for a system act, and the values of its slots.
struct WordingRequest {
  std::string section;
  PhraseSlots slots;
};

/// The sections for the act. A recommendation or an explanation has one for each reason, strongest first.
std::vector<WordingRequest> possible_wordings(const SystemAct& act, const MovieCatalog& catalog);

/// A random phrase for the act, mostly with the strongest reason.
std::string word_act(const SystemAct& act, const MovieCatalog& catalog, const Phrasebook& phrasebook, Random& random);

}  // namespace matinee
