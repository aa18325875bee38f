#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/dialogue/dialogue_state.h"
#include "lib/dialogue/offer_choice.h"
#include "lib/dialogue/question_choice.h"
#include "lib/dialogue/system_act.h"

namespace matinee {

/// What the user has read of a turn's answer.
struct ShownTurn {
  std::vector<MovieId> movies;   ///< that it offers, in order
  std::optional<Slot> question;  ///< that it asks for
};

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

  /// The opening: an invitation, and the question for the genre. `shown`: as below.
  std::vector<SystemAct> open(DialogueState& state, const ShownTurn* shown = nullptr) const;
  /// Merges the user's turn into `state` and returns the next acts. Where the answer exists already, because the
  /// conversation is read again, `shown` says what it offers and asks, and the policy chooses neither: so the state is
  /// the one in which the user answers.
  std::vector<SystemAct> next(DialogueState& state, const PreferenceUpdate& update,
                              const ShownTurn* shown = nullptr) const;

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
