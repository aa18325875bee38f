#pragma once

#include <string>
#include <vector>

#include "lib/base/options.h"
#include "lib/catalog/mention_finder.h"
#include "lib/dialogue/policy.h"
#include "lib/recommend/movie_ranker.h"
#include "lib/simulation/conversation.h"
#include "lib/understanding/evidence_finder.h"
#include "lib/understanding/genre_finder.h"
#include "lib/wording/phrasebook.h"

namespace matinee {

struct ChatSystemOptions {
  std::string movies;                ///< the catalog that embed made
  std::vector<std::string> phrases;  ///< files that add to the phrasebook

  void add(OptionSet& options);
};

/// Everything that conversations use except a language model: chat, evaluate and synthconv all set it up here. Nothing
/// changes after construction, so any number of threads and sessions share one.
struct ChatSystem {
  /// Reads the catalog and the phrases. Throws Error(kMissing) or Error(kBadData) where a file is missing or broken.
  explicit ChatSystem(const ChatSystemOptions& options);
  ChatSystem(const ChatSystem&) = delete;
  ChatSystem& operator=(const ChatSystem&) = delete;

  ConversationWorld world() const { return {catalog, ranker.facts(), ranker, mentions, evidence, phrasebook, policy}; }

  const MovieCatalog catalog;
  const Phrasebook phrasebook;
  const MovieRanker ranker;
  const MentionFinder mentions;
  const GenreFinder genres;
  const EvidenceFinder evidence;
  const Policy policy;
};

}  // namespace matinee
