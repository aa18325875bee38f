#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lib/dialogue/system_act.h"

namespace matinee {

/// The four skills that the model learns. Their names are in the training data.
enum class Skill : std::uint8_t { kAsk, kUnderstand, kRecommend, kAnswer };
inline constexpr int kSkills = 4;
const char* name_of(Skill skill);

/// An Alpaca tuple without its output. Training data, chat and evaluation all get their prompts from here.
struct SkillPrompt {
  Skill skill = Skill::kAsk;
  std::string instruction, input;
};

/// The prompt for wording an act: kRecommend to offer, explain or relax, kAnswer to answer or compare, kAsk for all
/// other acts.
/// `preferences` are those known before the act.
SkillPrompt act_prompt(const SystemAct& act, const PreferenceState& preferences, const MovieCatalog& catalog);

}  // namespace matinee
