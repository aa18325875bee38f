#include "lib/prompt/merged_template.h"

#include <algorithm>
#include <optional>

#include "lib/base/file.h"
#include "lib/io/json_edit.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"
#include "lib/prompt/base_template.h"
#include "lib/prompt/chat_template.h"

namespace matinee {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  JsonWriter(out).string(text);
  return out;
}

// The base's file `name` with its chat template replaced, where it has one.
void replace_in(const std::string& base, const std::string& name, const std::string& jinja, const std::string& folder) {
  const std::string file = base + "/" + name;
  if (!file_exists(file)) return;
  const std::string text = read_file(file);
  bool has = false;
  read_json(text, file, [&](const JsonNode& root) { has = root.has("chat_template"); });
  if (has) write_file(folder + "/" + name, with_json_field(text, "chat_template", quoted(jinja)));
}

// The ids at which generate() of transformers stops: generation_config.json's, else config.json's.
std::vector<std::int64_t> generation_ends(const std::string& base) {
  std::vector<std::int64_t> ends;
  for (const char* name : {"/generation_config.json", "/config.json"}) {
    if (!file_exists(base + name) || !ends.empty()) continue;
    read_json(read_file(base + name), base + name, [&](const JsonNode& root) {
      const JsonNode eos = root["eos_token_id"];
      if (eos.is_number()) ends.push_back(eos.integer());
      if (eos.is_array())
        for (const JsonNode& id : eos.array()) ends.push_back(id.integer());
    });
  }
  return ends;
}

// Lets it stop at the template's end token, too.
void write_end_token(const PromptTemplate& prompt_template, const std::string& base, const Tokenizer& tokenizer,
                     const std::string& folder) {
  std::vector<std::int64_t> ends = generation_ends(base);
  const std::int64_t end = prompt_template.end_token_id(tokenizer);
  if (std::find(ends.begin(), ends.end(), end) != ends.end()) return;
  ends.insert(ends.begin(), end);
  std::string list;
  JsonWriter json(list);
  json.begin_array();
  for (const std::int64_t id : ends) json.integer(id);
  json.end_array();
  const std::string name = "/generation_config.json";
  const std::string text = file_exists(base + name) ? read_file(base + name) : "{}\n";
  write_file(folder + name, with_json_field(text, "eos_token_id", list));
}

}  // namespace

MergedTemplate merged_template(std::string_view trained, const std::string& base, const std::string& adapter,
                               const std::function<void(std::string_view)>& note) {
  const std::optional<BaseChatTemplate> own = read_chat_template(base);
  if (!trained.empty()) {
    const PromptTemplate prompt_template = chosen_template(trained, base, note);
    if (own && own->row == &prompt_template.row()) return {own->jinja, own->row, true};
    return {chat_template_of(prompt_template), &prompt_template.row(), false};
  }
  if (const std::optional<BaseChatTemplate> of_adapter = read_chat_template(adapter))
    return {of_adapter->jinja, of_adapter->row, own && own->jinja == of_adapter->jinja};
  if (own) return {own->jinja, own->row, true};
  note(
      "neither the adapter nor the base has a chat template, so the merged model has none; --template NAME gives it "
      "one");
  return {};
}

void write_template_files(const MergedTemplate& merged, const std::string& base, const Tokenizer* tokenizer,
                          const std::string& folder) {
  if (merged.jinja.empty()) return;
  if (!merged.is_base_own || !file_exists(base + "/config.json")) {
    write_file(folder + "/chat_template.jinja", merged.jinja);
    for (const char* name : {"tokenizer_config.json", "chat_template.json"})
      replace_in(base, name, merged.jinja, folder);
  }
  if (merged.row != nullptr && tokenizer != nullptr)
    write_end_token(PromptTemplate(merged.row->name), base, *tokenizer, folder);
}

}  // namespace matinee
