#pragma once

#include <cstddef>
#include <vector>

#include "lib/dialogue/dialogue_state.h"
#include "lib/dialogue/system_act.h"
#include "lib/wording/said_sentences.h"

namespace matinee {

/// Where a conversation is after an answer. What earlier conversations tell and the seed are no part of it, so that it
/// follows from the messages alone.
struct ConversationState {
  DialogueState dialogue;
  std::vector<SystemAct> acts;  ///< of the last answer that the user has read
  SaidSentences said;
  std::size_t forgotten = 0;  ///< turns at the beginning that were not understood again (ConversationReader)

  /// An estimate of its memory.
  std::size_t bytes() const;
};

}  // namespace matinee
