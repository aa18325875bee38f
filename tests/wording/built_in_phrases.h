#pragma once

#include "lib/wording/phrasebook.h"

namespace matinee::testing {

/// The phrases that come with the program, read once.
inline const Phrasebook& built_in_phrases() {
  static const Phrasebook book = Phrasebook::built_in();
  return book;
}

}  // namespace matinee::testing
