#pragma once

#include "lib/simulation/conversation.h"
#include "tests/dialogue/full_catalog.h"
#include "tests/dialogue/sample_world.h"
#include "tests/wording/built_in_phrases.h"

namespace matinee::testing {

/// The sample catalog and everything for conversations, made once.
class SampleTalks {
 public:
  static const SampleTalks& get() {
    static const SampleTalks talks;
    return talks;
  }

  ConversationWorld world() const { return {catalog, facts, ranker, finder, evidence, phrasebook, policy}; }

  Conversation talk(std::uint64_t seed, std::uint64_t index) const {
    Random choice(seed, "target", index);
    MovieId target = -1;
    do {
      target = static_cast<MovieId>(choice.below(static_cast<std::uint64_t>(catalog.size())));
    } while (catalog.genres_of(target).empty() || catalog.cast(target).empty());
    return converse(world(), {.seed = seed, .max_turns = 10, .personas = {}}, index, target);
  }

  const MovieCatalog& catalog = SampleWorld::get().catalog;
  const FactSets facts{catalog};
  const MentionFinder& finder = SampleWorld::get().finder;
  const CountingRanker& ranker = SampleWorld::get().ranker;
  const Policy& policy = SampleWorld::get().policy;
  const Phrasebook& phrasebook = built_in_phrases();
  const GenreFinder genres{catalog, phrasebook};
  const EvidenceFinder evidence{catalog, finder, genres};

 private:
  SampleTalks() = default;
};

/// A conversation about a movie of the full catalog, in the words of any phrasebook.
inline Conversation talk_in(const Phrasebook& phrasebook, std::uint64_t index, MovieId target) {
  const FullCatalog& world = FullCatalog::get();
  const GenreFinder genres(world.catalog, phrasebook);
  const EvidenceFinder evidence(world.catalog, world.finder, genres);
  return converse({world.catalog, world.facts, world.ranker, world.finder, evidence, phrasebook, world.policy}, {},
                  index, target);
}

}  // namespace matinee::testing
