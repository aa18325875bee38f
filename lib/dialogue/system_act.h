#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/dialogue/candidate_ranker.h"
#include "lib/dialogue/preference_state.h"

namespace matinee {

/// What the system does in a turn. Conversations on disk have the names.
enum class SystemActKind : std::uint8_t { kGreet, kAsk, kAskOpinion, kRecommend, kAnswer, kExplain, kClose, kHelp };
inline constexpr int kSystemActKinds = 8;
const char* name_of(SystemActKind kind);

/// An act and what it is about.
struct SystemAct {
  SystemActKind kind = SystemActKind::kGreet;
  Slot slot = Slot::kGenre;  ///< kAsk
  MovieId movie = -1;        ///< kAskOpinion, kRecommend, kAnswer, kExplain; kHelp: the pending recommendation, or -1
  Fact fact = Fact::kYear;   ///< kAnswer
  std::vector<Candidate> candidates{};  ///< kRecommend: best first, `movie` is the first; kExplain: the movie
  bool accepted = false;                ///< kClose: the user accepted the recommendation
};

}  // namespace matinee
