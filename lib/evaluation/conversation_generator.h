#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/options.h"
#include "lib/base/parallel.h"
#include "lib/chat/chat_system.h"
#include "lib/evaluation/talk_statistics.h"

namespace matinee {

/// Divides the movies into named parts by a hash of their tconst, so that no target is in two parts, whatever the seed.
class TargetSplit {
 public:
  /// "train:0.9,valid:0.05,test:0.05"; shares are normalized. Throws Error(kUsage).
  explicit TargetSplit(std::string_view text);
  /// The movies of a part that can be a target (they have a genre and people), ascending. "all": of every part.
  /// Throws Error(kUsage) for an unknown part and Error(kBadData) if no movie is left.
  std::vector<MovieId> targets(const MovieCatalog& catalog, std::string_view part) const;

 private:
  std::vector<std::pair<std::string, double>> parts_;
};

struct GeneratorOptions {
  std::int64_t count = 10000;
  std::string format = "alpaca";  ///< alpaca | messages | conversations
  std::string split = "train:0.9,valid:0.05,test:0.05", part = "all", shard = "0/1";
  std::vector<std::string> personas;
  std::int64_t max_turns = 10;
  std::vector<std::string> keep;  ///< KIND:SHARE, by InstructionTuple::kind; other kinds are kept whole

  void add(OptionSet& options);
};

struct GeneratorReport {
  std::int64_t conversations = 0, accepted = 0, tuples = 0, user_turns = 0;
  TalkStatistics talk;
};

/// Writes the shard's conversations, in order, to `write`; memory does not grow with their number. `advance` receives
/// how many were written since the last call. Throws Error(kUsage) for wrong options.
GeneratorReport generate_conversations(const ChatSystem& system, const GeneratorOptions& options, std::uint64_t seed,
                                       ThreadPool& pool, const std::function<void(std::string_view)>& write,
                                       const std::function<void(std::uint64_t)>& advance);

}  // namespace matinee
