#include "lib/prompt/base_template.h"

#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/io/base_files.h"
#include "lib/io/gguf.h"
#include "lib/io/json_reader.h"
#include "lib/prompt/known_chat_templates.h"

namespace matinee {
namespace {

// A text, or a list of {"name", "template"}; "" if there is none.
std::string template_in(const JsonNode& node) {
  if (node.is_null()) return "";
  if (!node.is_array()) return node.string();
  const std::vector<JsonNode> named = node.array();
  for (const JsonNode& each : named)
    if (each.string_or("name", "") == "default") return each.get("template").string();
  return named.size() == 1 ? named.front().get("template").string() : "";
}

std::string template_in_json(const std::string& file) {
  std::string jinja;
  if (file_exists(file))
    read_json(read_file(file), file, [&](const JsonNode& root) { jinja = template_in(root["chat_template"]); });
  return jinja;
}

bool is_folder(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

BaseChatTemplate unrecognized(const std::string& path) {
  BaseChatTemplate found;
  if (const std::optional<std::string> gguf = gguf_of_base(path)) {
    found.file = *gguf;
    const GgufFile file(*gguf);
    if (const GgufValue* value = file.find("tokenizer.chat_template")) found.jinja = value->as_text();
    return found;
  }
  const std::string folder = is_folder(path) ? path : folder_of(path);
  if (found.file = folder + "/chat_template.jinja"; file_exists(found.file)) {
    found.jinja = read_file(found.file);
    return found;
  }
  for (const char* name : {"/tokenizer_config.json", "/chat_template.json"}) {
    found.file = folder + name;
    found.jinja = template_in_json(found.file);
    if (!found.jinja.empty()) break;
  }
  return found;
}

bool differs_in_default_only(const TemplateRow& a, const TemplateRow& b) {
  return a.begin == b.begin && a.system == b.system && a.user == b.user && a.first_user == b.first_user &&
         a.opener == b.opener && a.reply == b.reply && a.end == b.end && a.after_reply == b.after_reply;
}

}  // namespace

std::optional<BaseChatTemplate> read_chat_template(const std::string& path) {
  BaseChatTemplate found = unrecognized(path);
  if (found.jinja.empty()) return std::nullopt;
  found.row = recognize_chat_template(found.jinja);
  return found;
}

std::vector<std::string> template_choices() {
  std::vector<std::string> choices = PromptTemplate::names();
  choices.emplace_back(kAutoTemplate);
  return choices;
}

PromptTemplate chosen_template(std::string_view name, const std::string& path,
                               const std::function<void(std::string_view)>& note) {
  if (name != kAutoTemplate) return PromptTemplate(name);
  const std::optional<BaseChatTemplate> found = read_chat_template(path);
  if (!found) {
    throw bad_data("{}: no chat template, as in a model that was not tuned for chat", path)
        .add_remedy(fmt::format("choose one of {} with --template", template_names()));
  }
  if (found->row == nullptr) {
    throw bad_data("{}: the chat template is none of {}", found->file, template_names())
        .add_remedy("name the one that suits with --template");
  }
  std::string text = fmt::format("template {} ({}), that of {}", found->row->name, found->row->summary, found->file);
  if (found->row->default_system != nullptr && *found->row->default_system != '\0') {
    text += fmt::format("; where no system message is given, it writes \"{}\"", found->row->default_system);
    if (found->row->system == find_template_row("chatml")->system) text += ", and --template chatml writes none";
  }
  note(text);
  return PromptTemplate(found->row->name);
}

std::string template_conflict(std::string_view name, const std::string& path) {
  const std::optional<BaseChatTemplate> found = read_chat_template(path);
  const TemplateRow* row = find_template_row(name);
  if (!found || row == nullptr || found->row == row) return "";
  if (found->row == nullptr) {
    return fmt::format(
        "the base's own chat template ({}) is none that is known here; see that template {} spells turns "
        "as it does, or the base unlearns its own",
        found->file, name);
  }
  if (differs_in_default_only(*row, *found->row)) return "";
  return fmt::format(
      "template {} is not that of the base, which was tuned with {} ({}); --template auto takes the base's", name,
      found->row->name, found->file);
}

}  // namespace matinee
