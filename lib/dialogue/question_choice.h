#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "lib/dialogue/dialogue_state.h"

namespace matinee {

/// Chooses the question whose answer is expected to narrow down the movies most. Immutable; any thread may call it.
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
  /// What users can answer with: the values of movie m are values[offsets[m] .. offsets[m + 1]), each below `limit`.
  struct Answers {
    std::vector<std::uint32_t> offsets{0};
    std::vector<std::int32_t> values;
    std::size_t limit = 0;
  };

  template <class Count>
  static double information(const Answers& answers, const MovieSet& viable, std::int32_t movies);

  std::array<Answers, kAskableSlots> answers_;
  std::set<Slot> answerable_;
};

}  // namespace matinee
