#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lib/base/random.h"
#include "lib/chat/chat_system.h"
#include "lib/chat/skills.h"
#include "lib/chat/text_generator.h"

namespace matinee {

/// The language model's wording: constrained decoding lets it choose among the phrasebook's sentences for the act.
class ModelWording final : public Wording {
 public:
  /// `generator` and `system` must outlive this. `seed`: of the phrases that stand in for unfinished replies.
  ModelWording(TextGenerator& generator, const ChatSystem& system, std::uint64_t seed)
      : generator_(generator), system_(system), random_(seed, "skills") {}
  WordedAct realize(const SystemAct& act, const PreferenceState& preferences, SaidSentences& said,
                    const OnText& on_text) override;

 private:
  TextGenerator& generator_;
  const ChatSystem& system_;
  Random random_;
};

/// The language model's understanding: constrained decoding lets it write an act and a role for each mark of the turn,
/// so an update holds nothing that the turn does not say. An unfinished reply counts as "I don't know".
class ModelUnderstanding final : public Understanding {
 public:
  /// `generator` and `system` must outlive this.
  ModelUnderstanding(TextGenerator& generator, const ChatSystem& system) : generator_(generator), system_(system) {}
  UnderstoodTurn understand(std::span<const SystemAct> acts, std::string_view user_text) override;

 private:
  TextGenerator& generator_;
  const ChatSystem& system_;
};

/// The beginning of a user's text that goes into a prompt: at most 600 bytes, whole characters.
std::string_view prompted_part(std::string_view user_text);

}  // namespace matinee
