#pragma once

#include <cstdint>

#include "lib/base/random.h"
#include "lib/chat/chat_system.h"
#include "lib/chat/skills.h"
#include "lib/wording/wording.h"

namespace matinee {

/// Wording with phrases of the phrasebook, without a language model.
class TemplateWording final : public Wording {
 public:
  /// `system` must outlive this.
  TemplateWording(const ChatSystem& system, std::uint64_t seed) : system_(system), random_(seed, "template") {}
  WordedAct realize(const SystemAct& act, const PreferenceState& preferences, SaidSentences& said,
                    const OnText& on_text) override {
    std::string text = word_act(act, preferences, system_.catalog, system_.phrasebook, said, random_);
    const bool stopped = on_text && !on_text(text);
    return {std::move(text), stopped ? ReplyEnd::kStopped : ReplyEnd::kFinished};
  }

 private:
  const ChatSystem& system_;
  Random random_;
};

}  // namespace matinee
