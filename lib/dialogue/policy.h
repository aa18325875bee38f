#pragma once

#include <cstdint>
#include <vector>

#include "lib/dialogue/dialogue_state.h"
#include "lib/dialogue/offer_choice.h"
#include "lib/dialogue/question_choice.h"
#include "lib/dialogue/system_act.h"

namespace matinee {

struct PolicyOptions {
  int max_questions = 5;        ///< in a conversation
  std::int32_t few_enough = 5;  ///< asks nothing if no more movies than this are viable
  std::int32_t wide_list = 3;   ///< movies in the list that answers a wide wish
  std::int32_t longest_list = 10;
  float margin = 0.3f;  ///< of scores: movies within it are nearly as good (OfferChoice)
};

/// Decides what the system does next. Every turn that wishes for something gets a movie at once: one with a reason, or
/// a short list where several are asked for or the wish is wide. A question may follow the movie, in every second turn
/// at most, and each slot is asked for once. Where no movie meets all wishes, kRelax names those that are not met. A
/// movie is never offered twice. The acts of a turn come in this order: what the catalog lacks (kNotFound, kBeyond), an
/// answer (kAnswer, kCompare, kExplain), the offer (kRelax, then kRecommend, kList or kPropose), and the question.
class Policy {
 public:
  /// All by reference.
  Policy(const MovieCatalog& catalog, const CandidateRanker& ranker, PolicyOptions options = {});

  /// The opening: an invitation, and the question for the genre.
  std::vector<SystemAct> open(DialogueState& state) const;
  /// Merges the user's turn into `state` and returns the next acts.
  std::vector<SystemAct> next(DialogueState& state, const PreferenceUpdate& update) const;

  /// QuestionChoice::gain.
  double gain(Slot slot, const MovieSet& viable) const { return questions_.gain(slot, viable); }

 private:
  friend class PolicyTurn;

  const MovieCatalog& catalog_;
  const CandidateRanker& ranker_;
  PolicyOptions options_;
  QuestionChoice questions_;
  OfferChoice offers_;
};

}  // namespace matinee
