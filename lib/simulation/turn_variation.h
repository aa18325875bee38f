#pragma once

#include "lib/base/random.h"
#include "lib/understanding/labelled_turn.h"

namespace matinee {

/// Another turn with the same meaning and labels: other genres of the same form ("comedies", "westerns"), typing
/// errors, and punctuation as people leave it out.
LabelledTurn varied(const LabelledTurn& turn, Random& random);

/// Makes some of the turn's names what other catalogs make of them: unknown, ambiguous or doubtful.
void vary_names(std::vector<Mark>& marks, Random& random);

}  // namespace matinee
