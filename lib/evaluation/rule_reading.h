#pragma once

#include "lib/chat/chat_system.h"
#include "lib/chat/skills.h"

namespace matinee {

/// Understands turns without a model, as a bar that a model must clear: every genre, span of years and person that is
/// found is wanted, every movie that is found is liked, and words decide the act.
class RuleReading final : public Understanding {
 public:
  /// `system` must outlive this.
  explicit RuleReading(const ChatSystem& system) : system_(system) {}
  UnderstoodTurn understand(std::span<const SystemAct> acts, std::string_view user_text) override;

 private:
  const ChatSystem& system_;
};

}  // namespace matinee
