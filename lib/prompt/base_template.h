#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/prompt/prompt_template.h"

namespace matinee {

/// The chat template that a model comes with.
struct BaseChatTemplate {
  std::string jinja;
  std::string file;                  ///< where it was found
  const TemplateRow* row = nullptr;  ///< the template that spells conversations as it does; nullptr: none of ours
};

/// The chat template of the model at `path`: a folder of Hugging Face files (chat_template.jinja, else "chat_template"
/// of tokenizer_config.json, a text or the "default" of a list of named ones, else chat_template.json), a file in such
/// a folder, or a GGUF file. nullopt if it has none. Throws Error(kBadData) for a file that is broken.
std::optional<BaseChatTemplate> read_chat_template(const std::string& path);

/// The word for --template that takes the base's own.
inline constexpr std::string_view kAutoTemplate = "auto";
/// The words that --template takes: the names and "auto".
std::vector<std::string> template_choices();

/// The template `name`, or for "auto" that of the base at `path`. `note` then gets a sentence with the name and the
/// system message that it adds. Throws Error(kBadData) for "auto" where the base has no chat template or none of ours.
PromptTemplate chosen_template(std::string_view name, const std::string& path,
                               const std::function<void(std::string_view)>& note);

/// A sentence on how `name` contradicts the chat template of the base at `path`; "" where it does not. Only another
/// default system message is no contradiction.
std::string template_conflict(std::string_view name, const std::string& path);

}  // namespace matinee
