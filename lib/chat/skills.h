#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "lib/chat/reply_end.h"
#include "lib/dialogue/preference_state.h"
#include "lib/dialogue/system_act.h"
#include "lib/wording/said_sentences.h"

namespace matinee {

/// Receives a text piece by piece, whole characters only; returns false to stop the rest.
using OnText = std::function<bool(std::string_view)>;

struct WordedAct {
  std::string text;
  ReplyEnd end = ReplyEnd::kFinished;  ///< kUnfinished: the text is a phrase that stands in for the model's
};

/// Puts the system's acts into words.
class Wording {
 public:
  virtual ~Wording() = default;
  /// One act in words; `preferences` is what is known of the user. No sentence of `said` comes again where others are
  /// left; the new ones are added to it. `on_text` may be empty.
  virtual WordedAct realize(const SystemAct& act, const PreferenceState& preferences, SaidSentences& said,
                            const OnText& on_text) = 0;
};

struct UnderstoodTurn {
  PreferenceUpdate update;
  /// kUnfinished: nothing was understood. kStopped: the receiver is gone, and the conversation stays as it was.
  ReplyEnd end = ReplyEnd::kFinished;
};

/// Reads the user's turns.
class Understanding {
 public:
  virtual ~Understanding() = default;
  /// What the user's text says in answer to the system's last turn.
  virtual UnderstoodTurn understand(std::span<const SystemAct> acts, std::string_view user_text) = 0;
};

}  // namespace matinee
