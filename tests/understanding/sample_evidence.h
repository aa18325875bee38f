#pragma once

#include "lib/understanding/evidence_finder.h"
#include "tests/dialogue/sample_world.h"
#include "tests/wording/built_in_phrases.h"

namespace matinee::testing {

/// Finds the evidence of turns about the sample catalog; made once.
inline const EvidenceFinder& sample_evidence() {
  static const GenreFinder genres(SampleWorld::get().catalog, built_in_phrases());
  static const EvidenceFinder finder(SampleWorld::get().catalog, SampleWorld::get().finder, genres);
  return finder;
}

}  // namespace matinee::testing
