#pragma once

#include <string>
#include <string_view>

#include "lib/prompt/merged_template.h"
#include "lib/tokenizer/tokenizer.h"

namespace matinee {

/// The prompt template in Go's template language, as Ollama's TEMPLATE reads it: it spells .Messages as the row does.
/// A BOS at the start is left to Ollama, which adds it. White space around messages stays, since that language cannot
/// take it away.
std::string go_template_of(const TemplateRow& row, const Tokenizer& tokenizer);

/// A Modelfile for the GGUF file `gguf` in the same folder: FROM, TEMPLATE and PARAMETER stop. Without a row it says
/// that Ollama must know the template itself.
std::string ollama_modelfile(std::string_view gguf, const MergedTemplate& merged, const Tokenizer& tokenizer);

}  // namespace matinee
