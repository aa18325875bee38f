#pragma once

#include <string>
#include <string_view>

#include "lib/base/random.h"

namespace matinee {

/// Makes one typing error in a word of at least five letters: two letters swapped, one omitted, one doubled, or a
/// neighbor on the keyboard. Text without such a word is returned unchanged.
std::string mistype(std::string_view text, Random& random);

}  // namespace matinee
