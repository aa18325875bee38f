#pragma once

#include <string>

#include "lib/prompt/prompt_template.h"

namespace matinee {

/// The template in Jinja, as tokenizer_config.json and GGUF carry it ("chat_template"): it spells messages of roles
/// system, user and assistant as PromptTemplate::turns does, with the end of each reply and what follows it.
std::string chat_template_of(const PromptTemplate& prompt_template);

}  // namespace matinee
