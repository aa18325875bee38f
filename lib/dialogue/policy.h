#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "lib/dialogue/candidate_ranker.h"
#include "lib/dialogue/system_act.h"

namespace matinee {

struct PolicyOptions {
  int max_questions = 5;        ///< that were answered; then it recommends
  int max_opinions = 1;         ///< questions about a movie, at most
  int opinions_below = 2;       ///< asked only of those who answered fewer questions
  std::int32_t few_enough = 5;  ///< so many viable movies are recommended without further questions
  std::int32_t candidates = 3;  ///< shown to the model when it recommends
};

/// What the system remembers of a conversation beside the preferences.
struct DialogueState {
  PreferenceState preferences;
  std::set<Slot> asked;              ///< never asked again
  std::set<Slot> any;                ///< the user does not care
  std::set<MovieId> opinions;        ///< movies asked about
  std::vector<MovieId> recommended;  ///< never recommended again
  MovieId under_discussion = -1;     ///< "it"
  Candidate last_recommendation;     ///< with its reasons, for "why"
  bool question_pending = false;     ///< the last act was a question or asked for an opinion
  bool helped = false;               ///< the last turn said what the system can do
  int questions = 0;                 ///< answered by more than "I don't know"
  bool finished = false;
};

/// Decides what the system does next: answers what was asked; asks what is expected to narrow the candidates most,
/// never what the catalog cannot answer and never twice; recommends once few are left, the questions are used up or
/// the user wants it.
class Policy {
 public:
  Policy(const MovieCatalog& catalog, const CandidateRanker& ranker, PolicyOptions options = {});

  /// The opening: greet, then the first question.
  std::vector<SystemAct> open(DialogueState& state) const;
  /// Takes the user's turn into `state` and gives the next acts.
  std::vector<SystemAct> next(DialogueState& state, const PreferenceUpdate& update) const;

  /// Expected information of the answer, in nats, over the movies of `viable`; 0 where the slot is of no use.
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
