#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/dialogue/system_act.h"

namespace matinee {

/// What an independent reader finds in a reply.
struct ReplyCheck {
  /// Names, numbers, running times and genres in the reply that are no facts of the act. Empty: it is grounded.
  std::vector<std::string> ungrounded;
  /// The movies that it offers, proposes or compares are named, and an answer gives the fact.
  bool complete = true;
};

/// Checks a reply to the act, for evaluation and tests. Shares no code with PhraseLanguage: it knows what is true of
/// the act's movies and the user's preferences, and reads the text for anything else. What it cannot see is a false
/// sentence without a name, number or genre.
ReplyCheck check_reply(std::string_view text, const SystemAct& act, const PreferenceState& preferences,
                       const MovieCatalog& catalog);

}  // namespace matinee
