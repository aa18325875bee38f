#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lib/dialogue/system_act.h"
#include "lib/understanding/mark.h"
#include "lib/wording/skill_prompts.h"

namespace matinee {

/// The prompt of the model's understanding: the kinds of the system's last acts, and the user's text in lower case with
/// its marks in brackets. Names stand there by what they are only, so the prompt does not depend on the catalog:
///
///   system: recommend, ask age
///   user: seen it, but something [1 newer] with [2 person], no [3 comedies]
///
/// A name that may well be none keeps its words: "[1 film? heat]".
SkillPrompt understand_prompt(std::span<const SystemAct> acts, std::string_view user_text, std::span<const Mark> marks);

/// The "system:" line for these acts: "recommend, ask age".
std::string acts_text(std::span<const SystemAct> acts);

}  // namespace matinee
