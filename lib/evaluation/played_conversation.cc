#include "lib/evaluation/played_conversation.h"

namespace matinee {

const char* name_of(Ending ending) {
  static constexpr std::array<const char*, kEndings> kNames{
      "accepted; everything understood",
      "accepted, though something was misread",
      "lost: a misread turn ruled the target out",
      "lost: the user's own words ruled the target out",
      "lost: the system closed, the user had not finished",
      "lost: the user left",
      "lost: no fitting movie in time, something was misread",
      "lost: no fitting movie in time, everything understood",
  };
  return kNames[static_cast<std::size_t>(ending)];
}

int PlayedConversation::first_misread() const {
  for (std::size_t i = 0; i < turns.size(); ++i) {
    if (turns[i].has_answer && !turns[i].understood) return static_cast<int>(i) + 1;
  }
  return 0;
}

int PlayedConversation::ruled_out_since() const {
  int since = 0;
  for (std::size_t i = 0; i < turns.size(); ++i) {
    if (!turns[i].has_answer) continue;
    if (turns[i].broken.empty()) {
      since = 0;
    } else if (since == 0) {
      since = static_cast<int>(i) + 1;
    }
  }
  return since;
}

Ending PlayedConversation::ending() const {
  const bool misread = first_misread() > 0;
  if (satisfied) return misread ? Ending::kAcceptedAnyway : Ending::kAccepted;
  if (const int since = ruled_out_since(); since > 0) {
    return turns[static_cast<std::size_t>(since) - 1].understood ? Ending::kRuledOutByUser : Ending::kRuledOutByReading;
  }
  if (!turns.empty()) {
    // The last turn of a closed conversation is the system's goodbye; the answer before it decided.
    for (const PlayedTurn& turn : turns) {
      if (turn.leaves) return Ending::kLeft;
    }
  }
  if (closed) return Ending::kClosedEarly;
  return misread ? Ending::kOutOfTurnsMisread : Ending::kOutOfTurns;
}

}  // namespace matinee
