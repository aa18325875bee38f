#pragma once

#include <string>
#include <string_view>

#include "lib/base/random.h"

namespace matinee {

/// Makes one error as people make them at a keyboard, inside a word of five letters or more: two letters swapped, one
/// left out, one doubled, or its neighbor hit. Text without such a word comes back unchanged.
std::string mistype(std::string_view text, Random& random);

}  // namespace matinee
