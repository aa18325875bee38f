#pragma once

#include <string>
#include <string_view>

#include "lib/dialogue/system_act.h"
#include "lib/wording/phrasebook.h"

namespace matinee {

/// Wordings of what the system cannot do (wording.h).

/// kRelax: wishes that no movie meets, unwanted things that are in every movie that fits, and facts that the catalog
/// lacks.
PhraseRequest relax_wording(const SystemAct& act, const PreferenceState& preferences, const MovieCatalog& catalog);
/// kNotFound: the titles or names that the catalog does not have, as the user wrote them.
PhraseRequest not_found_wording(const SystemAct& act);
/// kBeyond: what no catalog knows.
PhraseRequest beyond_wording(const SystemAct& act);

/// A title or name of the user for a reply: one line without marks at its ends, at most 60 bytes.
std::string clean_name(std::string_view text);

}  // namespace matinee
