#include "lib/prompt/ollama_modelfile.h"

#include <fmt/core.h>

#include "lib/prompt/template_pattern.h"

namespace matinee {
namespace {

class GoTemplate {
 public:
  GoTemplate(const TemplateRow& row, const Tokenizer& tokenizer) : row_(row), tokenizer_(tokenizer) {}

  std::string text() const {
    // The system message is looked for first, since it may begin the first user turn.
    std::string out = row_.default_system == nullptr
                          ? "{{ $system := \"\" }}{{ $has := false }}"
                          : fmt::format("{{{{ $system := \"{}\" }}}}{{{{ $has := true }}}}", row_.default_system);
    out +=
        "{{ range .Messages }}{{ if eq .Role \"system\" }}{{ $system = .Content }}{{ $has = true }}{{ end }}{{ end }}"
        "{{ $first := true }}" +
        spelled(row_.begin, false);
    if (!row_.system.empty()) out += "{{ if $has }}" + spelled(row_.system, false) + "{{ end }}";
    out += "{{ range .Messages }}{{ if eq .Role \"user\" }}" + user_turn() +
           "{{ $first = false }}{{ else if eq .Role \"assistant\" }}" + spelled(row_.opener, false) +
           spelled(row_.reply, false) + spelled(row_.end.empty() ? "{eos}" : row_.end, false) +
           spelled(row_.after_reply, false) + "{{ end }}{{ end }}";
    return out + spelled(row_.opener, false);
  }

 private:
  std::string user_turn() const {
    std::string user = spelled(row_.user, true);
    if (!row_.system.empty()) return user;
    return "{{ if and $first $has }}" + spelled(row_.first_user, false) + "{{ else }}" + user + "{{ end }}";
  }

  std::string spelled(std::string_view pattern, bool may_come_later) const {
    std::string out;
    for (const PatternPart& part : pattern_parts(pattern, row_.marks)) {
      using Kind = PatternPart::Kind;
      switch (part.kind) {
        case Kind::kText:
        case Kind::kMark: out += part.text; break;
        case Kind::kEos: out += tokenizer_.token_bytes(tokenizer_.eos_token_id()); break;
        case Kind::kMessage: out += part.text == "system" ? "{{ $system }}" : "{{ .Content }}"; break;
        case Kind::kBos:
          if (may_come_later)
            out += fmt::format("{{{{ if not $first }}}}{}{{{{ end }}}}",
                               tokenizer_.token_bytes(tokenizer_.bos_token_id()));
          break;
      }
    }
    return out;
  }

  const TemplateRow& row_;
  const Tokenizer& tokenizer_;
};

}  // namespace

std::string go_template_of(const TemplateRow& row, const Tokenizer& tokenizer) {
  return GoTemplate(row, tokenizer).text();
}

std::string ollama_modelfile(std::string_view gguf, const MergedTemplate& merged, const Tokenizer& tokenizer) {
  std::string out = fmt::format("FROM ./{}\n", gguf);
  if (merged.row == nullptr) {
    return out + (merged.jinja.empty()
                      ? "# The model has no chat template.\n"
                      : "# Ollama reads no Jinja. It knows the chat templates of usual models; of another one, write\n"
                        "# TEMPLATE here.\n");
  }
  const std::string end(merged.row->end.empty() ? tokenizer.token_bytes(tokenizer.eos_token_id()) : merged.row->end);
  return out +
         fmt::format("TEMPLATE \"\"\"{}\"\"\"\nPARAMETER stop \"{}\"\n", go_template_of(*merged.row, tokenizer), end);
}

}  // namespace matinee
