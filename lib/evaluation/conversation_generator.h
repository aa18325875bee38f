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
#include "lib/evaluation/tuple_selection.h"

namespace matinee {

struct GeneratorOptions {
  std::int64_t count = 10000;
  std::string format = "alpaca";  ///< alpaca | messages | conversations
  std::string split = "train:0.9,valid:0.05,test:0.05", part = "all", shard = "0/1";
  std::vector<std::string> personas;
  std::int64_t max_turns = 10;
  TupleSelectionOptions tuples;
  std::vector<std::string> turns;  ///< files of labelled turns
  std::int64_t copies = 4;         ///< variations of each of these

  void add(OptionSet& options);
};

struct GeneratorReport {
  std::int64_t conversations = 0, accepted = 0, user_turns = 0;
  std::int64_t labelled = 0;  ///< tuples of labelled turns, written or not
  TupleStatistics tuples;
  TalkStatistics talk;
};

/// Writes the shard's conversations, in order, to `write`; memory does not grow with their number. `advance` receives
/// how many were written since the last call. Throws Error(kUsage) for wrong options.
GeneratorReport generate_conversations(const ChatSystem& system, const GeneratorOptions& options, std::uint64_t seed,
                                       ThreadPool& pool, const std::function<void(std::string_view)>& write,
                                       const std::function<void(std::uint64_t)>& advance);

}  // namespace matinee
