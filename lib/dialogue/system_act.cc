#include "lib/dialogue/system_act.h"

#include <algorithm>
#include <array>

namespace matinee {

const char* name_of(SystemActKind kind) {
  static constexpr std::array<const char*, kSystemActKinds> kNames{
      "greet",   "ask",   "recommend", "answer", "explain", "close", "help",    "list",   "propose",
      "compare", "relax", "not_found", "beyond", "confirm", "wait",  "restart", "english"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool offers(const SystemAct& act, MovieId movie) {
  switch (act.kind) {
    case SystemActKind::kRecommend:
    case SystemActKind::kPropose: return act.movie == movie;
    case SystemActKind::kList:
      return std::any_of(act.candidates.begin(), act.candidates.end(),
                         [&](const Candidate& candidate) { return candidate.movie == movie; });
    default: return false;
  }
}

bool asks_about(std::span<const SystemAct> acts, Slot slot) {
  return std::any_of(acts.begin(), acts.end(),
                     [&](const SystemAct& act) { return act.kind == SystemActKind::kAsk && act.slot == slot; });
}

}  // namespace matinee
