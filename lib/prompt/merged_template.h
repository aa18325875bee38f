#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "lib/prompt/prompt_template.h"
#include "lib/tokenizer/tokenizer.h"

namespace matinee {

/// The chat template that a merged model carries.
struct MergedTemplate {
  std::string jinja;                 ///< "": none
  const TemplateRow* row = nullptr;  ///< the template that spells turns as it does; nullptr: none of ours
  bool is_base_own = false;          ///< the base's own text
};

/// The template called `trained` (of the adapter's metadata, or given by the user; may be "auto"), in the base's own
/// words where the base spells turns so. Where `trained` is "", that of the adapter's folder, else the base's; where
/// there is none, `note` gets a sentence that says so. Throws as chosen_template.
MergedTemplate merged_template(std::string_view trained, const std::string& base, const std::string& adapter,
                               const std::function<void(std::string_view)>& note);

/// Writes into `folder` what the files of a merged model must say otherwise than the base's: chat_template.jinja, the
/// template in tokenizer_config.json and chat_template.json where the base has one there, and in generation_config.json
/// the end of a reply, if generation would not stop at it (not without `tokenizer`). Other files are left to the
/// caller.
void write_template_files(const MergedTemplate& merged, const std::string& base, const Tokenizer* tokenizer,
                          const std::string& folder);

}  // namespace matinee
