#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "lib/chat/chat_system.h"
#include "lib/dialogue/policy.h"

namespace matinee {

/// Reads from the text of an answer what it offers and asks. The text may be one of ours, one that was cut, or one that
/// somebody wrote.
class AnswerText {
 public:
  /// `system` must outlive this.
  explicit AnswerText(const ChatSystem& system) : system_(system) {}

  /// `acts`: what the policy says in this turn besides an offer and a question. `state`: after these acts. A movie
  /// that the text names is offered, unless one of the acts is about it, it is the one that stands, or the user likes
  /// it and the text names another one ("as you liked Heat (1995) ...").
  ShownTurn read(std::string_view text, std::span<const SystemAct> acts, const DialogueState& state) const;

 private:
  std::vector<MovieId> named(std::string_view text, bool offer_expected) const;
  std::optional<Slot> question(std::string_view text, bool offer_expected) const;

  const ChatSystem& system_;
};

/// What the acts offer and ask, as their wordings do.
ShownTurn shown_by(std::span<const SystemAct> acts);

}  // namespace matinee
