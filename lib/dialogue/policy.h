#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "lib/dialogue/candidate_ranker.h"
#include "lib/dialogue/system_act.h"

namespace matinee {

struct PolicyOptions {
  int max_questions = 5;        ///< answered questions before it recommends
  int max_opinions = 1;         ///< questions about a movie, at most
  int opinions_below = 2;       ///< asks for opinions only after fewer answers than this
  std::int32_t few_enough = 5;  ///< recommends at once if no more movies than this are viable
  std::int32_t candidates = 3;  ///< in the prompt of a recommendation
};

/// The state of a conversation.
struct DialogueState {
  PreferenceState preferences;
  std::set<Slot> asked;              ///< never asked again
  std::set<Slot> any;                ///< the user does not care
  std::set<MovieId> opinions;        ///< movies asked about
  std::vector<MovieId> recommended;  ///< never recommended again
  MovieId under_discussion = -1;     ///< "it"
  Candidate last_recommendation;     ///< with its reasons, for "why"
  bool question_pending = false;     ///< the last act was a question or asked for an opinion
  bool helped = false;               ///< the last turn explained what the system can do
  int questions = 0;                 ///< answered with a preference
  bool finished = false;
};

/// Decides what the system does next. It answers the user's question; else it asks for the slot that is expected to
/// narrow down the candidates most, each slot once; it recommends when few candidates or no questions are left, or when
/// the user asks for a recommendation.
class Policy {
 public:
  Policy(const MovieCatalog& catalog, const CandidateRanker& ranker, PolicyOptions options = {});

  /// The opening: greet, then the first question.
  std::vector<SystemAct> open(DialogueState& state) const;
  /// Merges the user's turn into `state` and returns the next acts.
  std::vector<SystemAct> next(DialogueState& state, const PreferenceUpdate& update) const;

  /// Expected information of the answer over the movies of `viable`, in nats; 0 if the catalog lacks the slot.
  double gain(Slot slot, const MovieSet& viable) const;

 private:
  SystemAct ask_or_recommend(DialogueState& state, bool wants_recommendation) const;
  SystemAct recommend(DialogueState& state) const;

  const MovieCatalog& catalog_;
  const CandidateRanker& ranker_;
  PolicyOptions options_;
  std::set<Slot> answerable_;
};

}  // namespace matinee
