#pragma once

#include <optional>
#include <set>

#include "lib/dialogue/dialogue_state.h"

namespace matinee {

/// Chooses the question whose answer is expected to narrow down the movies most.
class QuestionChoice {
 public:
  explicit QuestionChoice(const MovieCatalog& catalog);

  /// True if enough movies have a value of the slot.
  bool can_ask(Slot slot) const { return answerable_.contains(slot); }
  /// Expected information of the answer over the movies of `viable`, in nats; 0 if the catalog lacks the slot.
  double gain(Slot slot, const MovieSet& viable) const;
  /// The slot of largest gain that was not asked for and is not known; nothing where no answer is worth a question.
  std::optional<Slot> best(const DialogueState& state, const MovieSet& viable) const;

 private:
  const MovieCatalog& catalog_;
  std::set<Slot> answerable_;
};

}  // namespace matinee
