#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/chat/chat_system.h"
#include "lib/chat/language_model.h"
#include "lib/chat/skills.h"
#include "lib/evaluation/scored_turn.h"

namespace matinee {

/// The labelled turns of files of JSON lines. Throws Error(kBadData) "FILE:LINE: ...".
std::vector<ScoredTurn> read_scored_turns(const std::vector<std::string>& paths);

/// Scores one reader per worker of `pool`. Each turn is brought into its state by acts alone: its movie is a well-known
/// one, drawn from `seed` and the turn's id. `progress` shows the turns.
TurnScore score_turns(const ChatSystem& system, const std::vector<ScoredTurn>& turns, std::uint64_t seed,
                      ThreadPool& pool, const std::function<Understanding&(int worker)>& reader,
                      const BeginProgress& progress = silent_progress);

/// The same for a model, on `threads` threads or a GPU.
TurnScore score_model(const ChatSystem& system, const LanguageModelOptions& model, const std::vector<ScoredTurn>& turns,
                      std::uint64_t seed, int threads, Device device);

/// True if the model's act or slot F1 is below the rule's.
bool is_below(const TurnScore& model, const TurnScore& rule);

}  // namespace matinee
