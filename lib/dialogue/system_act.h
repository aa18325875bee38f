#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/dialogue/candidate_ranker.h"
#include "lib/dialogue/preference_state.h"

namespace matinee {

/// What the system does in a turn. Values are in conversations on disk by name.
enum class SystemActKind : std::uint8_t { kGreet, kAsk, kAskOpinion, kRecommend, kAnswer, kExplain, kClose, kHelp };
inline constexpr int kSystemActKinds = 8;
const char* name_of(SystemActKind kind);

/// One act with what it speaks about.
struct SystemAct {
  SystemActKind kind = SystemActKind::kGreet;
  Slot slot = Slot::kGenre;             ///< kAsk
  MovieId movie = -1;                   ///< kAskOpinion, kRecommend, kAnswer, kExplain; kHelp: the one still on offer
  Fact fact = Fact::kYear;              ///< kAnswer
  std::vector<Candidate> candidates{};  ///< kRecommend: what was to choose from, best first; `movie` is the first
  bool accepted = false;                ///< kClose: the user took the recommendation
};

}  // namespace matinee
