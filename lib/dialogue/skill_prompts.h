#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lib/dialogue/system_act.h"

namespace matinee {

/// The four skills that the model learns; names are in the data on disk.
enum class Skill : std::uint8_t { kAsk, kUnderstand, kRecommend, kAnswer };
inline constexpr int kSkills = 4;
const char* name_of(Skill skill);

/// One Alpaca tuple without its output. Training data, chat and evaluation make their prompts here and nowhere else.
struct SkillPrompt {
  Skill skill = Skill::kAsk;
  std::string instruction, input;
};

/// Greeting, asking, asking for an opinion, closing (kAsk); recommending and explaining (kRecommend); answering
/// (kAnswer). `preferences` is what is known of the user when the act is worded.
SkillPrompt act_prompt(const SystemAct& act, const PreferenceState& preferences, const MovieCatalog& catalog);

/// The wording of the system's last act, which is what users answer, the user's text, and the names found in it
/// (TurnNames::mentioned); the output is the update as JSON (preference_state.h).
SkillPrompt understand_prompt(std::string_view system_text, std::string_view user_text,
                              std::span<const std::string> mentioned);

}  // namespace matinee
