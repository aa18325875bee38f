#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "lib/chat/model_skills.h"
#include "lib/chat/shared_decoder.h"
#include "lib/chat/skills.h"

namespace matinee {

/// The wording and the understanding of one turn, for one thread.
struct TurnSkills {
  std::unique_ptr<TextGenerator> generator;  // of the other two; may be null
  std::unique_ptr<Wording> wording;
  std::unique_ptr<Understanding> understanding;
};

/// Makes the skills of a turn; any thread may call it. `seed` decides the wording. While `gone` (may be empty) returns
/// true, replies end as kStopped.
using SkillSource = std::function<TurnSkills(std::uint64_t seed, const std::function<bool()>& gone)>;

/// Skills of a language model. `decoder` and `system` must outlive the source.
inline SkillSource model_skills(SharedDecoder& decoder, const ChatSystem& system) {
  return [&decoder, &system](std::uint64_t seed, const std::function<bool()>& gone) {
    TurnSkills skills;
    skills.generator = decoder.generator(seed, gone);
    skills.wording = std::make_unique<ModelWording>(*skills.generator, system, seed);
    skills.understanding = std::make_unique<ModelUnderstanding>(*skills.generator, system);
    return skills;
  };
}

}  // namespace matinee
