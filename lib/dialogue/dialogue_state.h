#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/dialogue/candidate_ranker.h"
#include "lib/dialogue/preference_state.h"

namespace matinee {

/// The state of a conversation. A value: a copy of it is enough to take a turn back.
struct DialogueState {
  PreferenceState preferences;
  /// Liked, disliked and seen movies of earlier conversations, of which nothing else is set; null: none are known. They
  /// rank and are never offered, and reach no prompt, since there may be thousands.
  std::shared_ptr<const PreferenceState> earlier;
  std::uint64_t seed = 0;             ///< chooses among movies that are nearly as good; 0: always the best
  std::vector<MovieId> recommended;   ///< offered, in order; never offered again
  std::vector<MovieId> last_list;     ///< the movies of the last offer, which "the second one" counts
  MovieId under_discussion = -1;      ///< "it": the movie that stands, or -1
  bool several_stand = false;         ///< the last offer was a list, and the user has not turned to one movie of it
  bool settled = false;               ///< the user accepted the movie that stands
  Candidate last_recommendation;      ///< with its reasons, for "why"
  std::optional<Reason> last_reason;  ///< given first in the last recommendation

  std::set<Slot> asked;        ///< never asked again
  std::set<Slot> any;          ///< the user does not care
  bool question_open = false;  ///< a question was asked and nothing was offered since
  int turns = 0;               ///< of the user
  int last_question = -2;      ///< the turn that ended with a question

  std::set<Beyond> beyond_told;  ///< limits that were named
  std::set<Slot> unknown_told;   ///< slots of which the user was told that the catalog does not know the movie's value
  std::set<std::string> not_found;  ///< titles that were named as missing
  int remarks = 0;                  ///< reactions to small talk while a movie stood
  bool helped = false;              ///< the last turn explained what the system can do
  bool finished = false;  ///< the last turn closed the conversation; the user's next line goes on from this state
};

/// The preferences with the earlier movies of which they say nothing.
PreferenceState with_earlier(const DialogueState& state);

/// True if the state has a wanted value of the slot.
bool has_value(const PreferenceState& state, Slot slot);

}  // namespace matinee
